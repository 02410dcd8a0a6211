/// A request body, made once and sent many times: a pattern of one block, repeated up to the size,
/// with its hash, and its aws-chunked framing when the checksum travels in a trailer.
///
/// threads: any, once made.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/checksum.h"

namespace holdfast::bench {

enum class Payload {
    signed_hash,  ///< x-amz-content-sha256 is the body's hash
    unsigned_,    ///< UNSIGNED-PAYLOAD
    trailer,      ///< STREAMING-UNSIGNED-PAYLOAD-TRAILER with a checksum behind the last chunk
};

struct BodyOptions {
    std::uint64_t bytes = 0;
    Payload payload = Payload::signed_hash;
    model::ChecksumAlgorithm checksum = model::ChecksumAlgorithm::crc64nvme;  ///< of the trailer
};

class Body {
public:
    /// Pseudo-random content, the same for every size: parts of whole MiB add up to the object.
    explicit Body(const BodyOptions& options);
    /// A document, sent with its hash.
    explicit Body(std::string text);
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Content-Length: more than bytes() when it is framed.
    [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }
    [[nodiscard]] const std::string& payload_hash() const { return payload_hash_; }
    /// Of the trailer; empty without one.
    [[nodiscard]] const std::string& trailer_name() const { return trailer_name_; }
    [[nodiscard]] const std::string& bytes_text() const { return bytes_text_; }
    /// What goes over the wire, in order.
    [[nodiscard]] const std::vector<iovec>& pieces() const { return pieces_; }
    /// True when the content at `offset` is this.
    [[nodiscard]] bool matches(std::uint64_t offset, base::ByteView content) const;

private:
    void add(std::string_view text);
    void add_content(std::uint64_t chunk_bytes_max, bool framed);
    void add_trailer(model::ChecksumAlgorithm algorithm);

    std::uint64_t bytes_ = 0;
    std::uint64_t wire_bytes_ = 0;
    std::string block_;
    std::string framing_[4];  ///< what pieces_ point to beside the block
    std::string payload_hash_;
    std::string trailer_name_;
    std::string bytes_text_;
    std::vector<iovec> pieces_;
};

}  // namespace holdfast::bench
