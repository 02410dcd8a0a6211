/// A request's body as a stream of payload bytes: framing taken off, every digest the client
/// promised checked at the end. Nothing may become visible before next() has said the end (K-10).
///
/// threads: one event loop. source: spec auth 1.5 and 1.7, multipart CK-29 to CK-35,
/// operations 3.2.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "auth/chunked_decoder.h"
#include "server/s3/checksum_headers.h"
#include "server/s3/context.h"
#include "server/s3/payload_md5.h"
#include "storage/checksum/digest.h"

namespace holdfast::s3 {

struct PayloadOptions {
    std::uint64_t bytes_max = 0;  ///< above it: EntityTooLarge
    bool length_required = true;  ///< neither length nor chunked: MissingContentLength
    bool md5 = false;             ///< computed for the caller
    /// Computed for the caller as well, when it is not what the client promised anyway.
    std::optional<model::ChecksumAlgorithm> checksum;
};

class Payload {
public:
    /// Reads no byte. errors: MissingContentLength, EntityTooLarge, MalformedTrailerError.
    static Result<Payload> begin(Context& context, PromisedDigests promised,
                                 PayloadOptions options);

    /// Payload bytes, when known beforehand.
    [[nodiscard]] std::optional<std::uint64_t> length() const { return length_; }
    [[nodiscard]] const PromisedDigests& promised() const { return promised_; }

    /// The next bytes, valid until the next call; empty at the end, when everything was verified.
    base::Awaitable<Result<base::ByteView>> next();

    // After the end.
    [[nodiscard]] const base::Bytes& md5() const { return md5_result_; }
    /// What the client sent and was verified.
    [[nodiscard]] const std::optional<model::Checksum>& verified_checksum() const {
        return verified_;
    }
    /// Of options.checksum.
    [[nodiscard]] const std::optional<model::Checksum>& computed_checksum() const {
        return computed_;
    }
    [[nodiscard]] std::uint64_t received() const { return received_; }

private:
    Payload(Context& context, PromisedDigests promised, PayloadOptions options);
    Result<base::Unit> read_lengths();
    void start_digests();
    void update(base::ByteView bytes);
    Result<base::Unit> verify();
    Result<base::Unit> verify_length() const;
    Result<base::Unit> verify_sha256();
    Result<base::Unit> verify_md5();
    Result<base::Unit> verify_checksum();
    S3Error connection_error(const http::ConnectionError& error) const;

    Context* context_;
    PromisedDigests promised_;
    PayloadOptions options_;
    std::optional<std::uint64_t> length_;
    std::optional<auth::ChunkedDecoder> chunked_;
    std::optional<PayloadMd5> md5_;
    std::unique_ptr<storage::checksum::Digest> sha256_;
    std::unique_ptr<storage::checksum::Digest> client_checksum_;
    std::unique_ptr<storage::checksum::Digest> own_checksum_;
    std::shared_ptr<base::Bytes> buffer_;  ///< shared with the MD5 under way
    base::Bytes md5_result_;
    std::optional<model::Checksum> verified_;
    std::optional<model::Checksum> computed_;
    std::uint64_t received_ = 0;
    bool ended_ = false;
};

/// How a document's digests count.
enum class Integrity {
    optional,          ///< checked when they are there
    required,          ///< Ck=R of operations section 1: Content-MD5 or a checksum must be there
    content_md5_only,  ///< checksum headers speak of something else than this body
};

/// The whole of a small body, verified. errors: as Payload, MaxMessageLengthExceeded above
/// `bytes_max`.
base::Awaitable<Result<std::string>> read_document(Context& context, std::uint64_t bytes_max,
                                                   Integrity integrity);

}  // namespace holdfast::s3
