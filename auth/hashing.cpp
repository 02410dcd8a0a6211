#include "auth/hashing.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/assert.h"

namespace holdfast::auth {

namespace {

// Fetched once: an implicit fetch takes locks and costs more than hashing a request.
const EVP_MD* sha256_algorithm() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    HF_ASSERT(algorithm != nullptr);
    return algorithm;
}

struct FreeMac {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

MacContext make_hmac_context() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    HF_ASSERT(algorithm != nullptr);
    MacContext context(EVP_MAC_CTX_new(algorithm));
    HF_ASSERT(context != nullptr);
    char digest[] = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    HF_ASSERT(EVP_MAC_CTX_set_params(context.get(), parameters.data()) == 1);
    return context;
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    HF_ASSERT(context_ != nullptr);
    HF_ASSERT(EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr) == 1);
}

void Sha256::update(base::ByteView bytes) {
    HF_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Hash Sha256::finish() {
    Hash hash;
    unsigned size = 0;
    HF_ASSERT(EVP_DigestFinal_ex(context_.get(), hash.data(), &size) == 1 && size == hash.size());
    // Without an algorithm the context keeps the one it has.
    HF_ASSERT(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1);
    return hash;
}

Hash sha256(base::ByteView bytes) {
    thread_local Sha256 context;
    context.update(bytes);
    return context.finish();
}

Hash hmac_sha256(base::ByteView key, std::string_view text) {
    thread_local const MacContext context = make_hmac_context();
    Hash hash;
    std::size_t size = 0;
    const auto bytes = base::as_bytes(text);
    HF_ASSERT(EVP_MAC_init(context.get(), key.data(), key.size(), nullptr) == 1);
    HF_ASSERT(EVP_MAC_update(context.get(), bytes.data(), bytes.size()) == 1);
    HF_ASSERT(EVP_MAC_final(context.get(), hash.data(), &size, hash.size()) == 1 &&
              size == hash.size());
    return hash;
}

void append_hex(std::string& to, const Hash& hash) {
    static constexpr char digits[] = "0123456789abcdef";
    for (const auto byte : hash) {
        to += digits[byte >> 4];
        to += digits[byte & 15];
    }
}

}  // namespace holdfast::auth
