/// A request as a test says it, and the answer as a test asks it.
///
/// A Request is put together with chained words and turned into what a client would send: signed,
/// framed and, where the test wants it, wrong in one exact place. threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/verifier.h"
#include "base/clock.h"
#include "server/http/exchange.h"

namespace holdfast::test {

/// The key the endpoint knows.
inline constexpr std::string_view access_key_id = "AKIAHOLDFASTTESTKEY0";
inline constexpr std::string_view secret_key = "a secret key of forty characters 1234567";

enum class Signing { header, presigned, anonymous };
enum class Fault {
    none,
    bad_signature,
    unknown_key,
    bad_hash,             ///< a payload hash of other bytes
    bad_chunk_signature,  ///< of the last chunk
    bad_trailer_signature,
    bad_framing,
};

/// What goes over the wire.
struct Wire {
    http::RequestHead head;
    std::string body;
};

class Request {
public:
    /// `target`: path and query as on the wire, "/photos/cat.jpg?uploads".
    Request(std::string method, std::string target);

    Request& header(std::string name, std::string value);
    Request& body(std::string bytes);
    Request& signing(Signing how);
    Request& payload(auth::PayloadMode mode);
    Request& fault(Fault what);
    /// Announced and, unless `sent` is another text, sent.
    Request& trailer(std::string name, std::string value);
    Request& sent_trailer(std::string name, std::string value);
    Request& chunk_bytes(std::size_t size);
    /// The connection ends after so many bytes of the body.
    Request& cut_after(std::size_t bytes);
    /// The client falls silent after so many bytes of the body.
    Request& stall_after(std::size_t bytes);
    /// The body comes in pieces of at most so many bytes.
    Request& pieces_of(std::size_t bytes);
    /// No length is announced (Transfer-Encoding: chunked).
    Request& without_length();
    Request& expires_after(std::string seconds);
    /// What x-amz-decoded-content-length says instead of the truth.
    Request& decoded_length(std::string text);

    [[nodiscard]] Wire wire(base::WallTime now) const;
    [[nodiscard]] std::optional<std::size_t> cut() const { return cut_; }
    [[nodiscard]] bool stalls() const { return stalls_; }
    [[nodiscard]] std::size_t piece_bytes() const { return piece_bytes_; }

private:
    struct Signature;
    [[nodiscard]] bool chunked() const;
    [[nodiscard]] std::string payload_hash() const;
    [[nodiscard]] std::string framed(const Signature& signature) const;
    void sign_by_header(http::RequestHead& head, Signature& signature) const;
    void sign_by_query(http::RequestHead& head, Signature& signature) const;
    [[nodiscard]] std::string signed_with(const http::RequestHead& head, const Signature& signature,
                                          bool presigned) const;

    std::string method_;
    std::string target_;
    http::Headers headers_;
    std::string body_;
    Signing signing_ = Signing::header;
    auth::PayloadMode payload_ = auth::PayloadMode::single_hash;
    Fault fault_ = Fault::none;
    std::optional<std::pair<std::string, std::string>> trailer_;
    std::size_t chunk_bytes_ = 64 * 1024;
    std::optional<std::size_t> cut_;
    bool stalls_ = false;
    std::size_t piece_bytes_ = 64 * 1024;
    bool without_length_ = false;
    std::string expires_ = "600";
    std::optional<std::string> decoded_length_;
};

struct Answer {
    unsigned status = 0;
    http::Headers headers;
    std::string body;
    bool aborted = false;    ///< the connection was cut instead of a clean end
    bool continued = false;  ///< the body was asked for: "100 Continue" would have been sent

    /// The value, or "" when there is no such header. Any case.
    [[nodiscard]] std::string header(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// The text of the first element of this name, or "".
    [[nodiscard]] std::string element(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> elements(std::string_view name) const;
    [[nodiscard]] bool has_element(std::string_view name) const;
    /// "200", or "404 NoSuchKey" for an error with a document.
    [[nodiscard]] std::string outcome() const;
};

std::string hex_md5(std::string_view text);
std::string base64_md5(std::string_view text);
std::string hex_sha256(std::string_view text);
/// base64 of a digest by the name S3 gives it ("CRC32", "SHA256", …).
std::string checksum_of(std::string_view algorithm, std::string_view text);

}  // namespace holdfast::test
