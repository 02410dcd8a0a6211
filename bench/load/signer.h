/// SigV4 for header-signed requests, as cheap as it gets: the signing key is derived once a day,
/// the two HMAC states of it are kept, a request costs three short SHA-256.
///
/// Its own code, not auth/verifier.h: a generator that shares the server's signing would agree with
/// its mistakes. threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace holdfast::bench {

/// Name in lower case, value trimmed.
struct Header {
    std::string_view name;
    std::string_view value;
};

/// What a signature covers. `path` and `query` are in canonical form already: encoded, the query
/// sorted and every parameter with its '='.
struct RequestToSign {
    std::string_view method;
    std::string_view path;
    std::string_view query;
    std::span<const Header> headers;  ///< all of them signed, in ascending order of their names
    std::string_view payload_hash;
    std::string_view timestamp;  ///< "20261124T100000Z"
};

std::string sha256_hex(base::ByteView bytes);

class Signer {
public:
    Signer(std::string access_key, base::Secret secret_key, std::string region);
    ~Signer();

    /// 64 hexadecimal digits, valid until the next call.
    std::string_view signature(const RequestToSign& request);
    /// Appends the Authorization header's value.
    void append_authorization(const RequestToSign& request, std::string& to);

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    using Context = std::unique_ptr<evp_md_ctx_st, Free>;

    void set_day(std::string_view day);
    void append_canonical_request(const RequestToSign& request);

    std::string access_key_;
    base::Secret secret_key_;
    std::string region_;
    std::string day_;
    std::string scope_;
    Context work_;
    Context inner_;  ///< SHA-256 after the block key ^ ipad
    Context outer_;  ///< SHA-256 after the block key ^ opad
    std::string text_;
    std::array<char, 64> hex_{};
};

}  // namespace holdfast::bench
