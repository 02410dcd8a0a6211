/// SHA-256 and HMAC-SHA-256 as SigV4 needs them: many short inputs, so algorithms are fetched once
/// and every thread keeps its contexts. threads: any; an object of Sha256 one.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::auth {

using Hash = std::array<std::uint8_t, 32>;

Hash sha256(base::ByteView bytes);
Hash hmac_sha256(base::ByteView key, std::string_view text);

/// Appends 64 lower-case digits: no string of its own is made.
void append_hex(std::string& to, const Hash& hash);

/// SHA-256 of what comes in pieces. finish() starts it anew.
class Sha256 {
public:
    Sha256();
    void update(base::ByteView bytes);
    Hash finish();

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace holdfast::auth
