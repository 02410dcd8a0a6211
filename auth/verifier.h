/// SigV4 in all its forms: header, presigned URL, and the seed of signed chunks.
///
/// source: spec auth 1.1 to 1.6, 1.9 to 1.12 (rule ids A-, C-, P-). Derived signing keys are cached
/// for (access key, date, region). threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/credentials.h"
#include "auth/error.h"
#include "auth/identity.h"
#include "base/clock.h"

namespace holdfast::auth {

/// Header names are lower case; values raw as received; arrival order kept.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// What a signature covers. Views into the request; `raw_path` and `raw_query` exactly as sent.
struct SignedRequest {
    std::string_view method;
    std::string_view raw_path;
    std::string_view raw_query;
    const HeaderList* headers = nullptr;
    bool tls = false;
};

enum class PayloadMode {
    single_hash,              ///< body must have `payload_sha256`
    unsigned_payload,         ///< no check
    signed_chunks,            ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD
    signed_chunks_trailer,    ///< …-TRAILER
    unsigned_chunks_trailer,  ///< STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

/// What the chunk decoder needs to go on from the request's signature.
struct ChunkSigning {
    std::array<std::uint8_t, 32> signing_key{};
    std::string timestamp;  ///< ISO basic
    std::string scope;      ///< date/region/s3/aws4_request
    std::string seed;       ///< 64 hexadecimal digits
};

struct Verified {
    Identity identity;
    PayloadMode payload = PayloadMode::unsigned_payload;
    std::string payload_sha256;          ///< lower-case hex, with single_hash
    std::optional<ChunkSigning> chunks;  ///< with the signed chunk modes
    bool presigned = false;
    /// P-04: headers of the request, of those the options name, that the signature does not cover;
    /// nobody may read them.
    std::vector<std::string> ignored_headers;
    /// P-36: x-amz-* query parameters of a presigned URL that act as headers, lower-case names.
    HeaderList hoisted_headers;
};

struct VerifierOptions {
    std::string region = "us-east-1";
    bool require_tls_for_unsigned = false;
    std::vector<std::string> ignore_unsigned_headers;  ///< P-04, lower case
};

class Verifier {
public:
    Verifier(VerifierOptions options, const CredentialSource& credentials,
             const base::Clock& clock);
    ~Verifier();

    /// `chunked_allowed`: the route accepts the streaming payload modes.
    Result<Verified> verify(const SignedRequest& request, bool chunked_allowed) const;

    /// P-04: of these headers, the names that must be deleted before anything reads them.
    [[nodiscard]] const VerifierOptions& options() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The one signing implementation, shared with the tests and the load generator's vectors.
/// REQUIRES: the escapes of path and query are valid (C-06).
std::string canonical_request(const SignedRequest& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash, bool presigned);
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request);
std::array<std::uint8_t, 32> signing_key(const base::Secret& secret, std::string_view date,
                                         std::string_view region, std::string_view service);
std::string sign(const std::array<std::uint8_t, 32>& key, std::string_view string_to_sign);

}  // namespace holdfast::auth
