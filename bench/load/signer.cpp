#include "bench/load/signer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"

namespace holdfast::bench {

namespace {

using Sha256 = std::array<std::uint8_t, 32>;
constexpr std::size_t hmac_block_bytes = 64;

// Fetched once: a fetch costs more than the hash of a request.
const EVP_MD* sha256_algorithm() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
}

Sha256 hmac(base::ByteView key, std::string_view text) {
    Sha256 out{};
    unsigned length = 0;
    const auto bytes = base::as_bytes(text);
    HF_ASSERT(HMAC(sha256_algorithm(), key.data(), static_cast<int>(key.size()), bytes.data(),
                   bytes.size(), out.data(), &length) != nullptr);
    return out;
}

void finish(EVP_MD_CTX* context, Sha256& out) {
    HF_ASSERT(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1);
}

void start_keyed(EVP_MD_CTX* context, const Sha256& key, std::uint8_t pad) {
    std::array<std::uint8_t, hmac_block_bytes> block{};
    for (std::size_t i = 0; i < block.size(); ++i)
        block[i] = static_cast<std::uint8_t>((i < key.size() ? key[i] : 0) ^ pad);
    HF_ASSERT(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1);
    HF_ASSERT(EVP_DigestUpdate(context, block.data(), block.size()) == 1);
}

void write_hex(const Sha256& bytes, char* to) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const auto byte : bytes) {
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
}

}  // namespace

std::string sha256_hex(base::ByteView bytes) {
    Sha256 out{};
    HF_ASSERT(
        EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, sha256_algorithm(), nullptr));
    return base::to_hex(out);
}

void Signer::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Signer::Signer(std::string access_key, base::Secret secret_key, std::string region)
    : access_key_(std::move(access_key)),
      secret_key_(std::move(secret_key)),
      region_(std::move(region)),
      work_(EVP_MD_CTX_new()),
      inner_(EVP_MD_CTX_new()),
      outer_(EVP_MD_CTX_new()) {}

Signer::~Signer() = default;

void Signer::set_day(std::string_view day) {
    day_ = day;
    scope_ = day_ + '/' + region_ + "/s3/aws4_request";
    const base::Secret start("AWS4" + std::string(secret_key_.reveal()));
    auto key = hmac(base::as_bytes(start.reveal()), day_);
    key = hmac(key, region_);
    key = hmac(key, "s3");
    key = hmac(key, "aws4_request");
    start_keyed(inner_.get(), key, 0x36);
    start_keyed(outer_.get(), key, 0x5c);
}

void Signer::append_canonical_request(const RequestToSign& request) {
    text_.append(request.method).append(1, '\n').append(request.path).append(1, '\n');
    text_.append(request.query).append(1, '\n');
    for (const auto& [name, value] : request.headers)
        text_.append(name).append(1, ':').append(value).append(1, '\n');
    text_.append(1, '\n');
    for (const auto& header : request.headers) text_.append(header.name).append(1, ';');
    text_.back() = '\n';
    text_.append(request.payload_hash);
}

std::string_view Signer::signature(const RequestToSign& request) {
    if (const auto day = request.timestamp.substr(0, 8); day != day_) set_day(day);

    Sha256 hash{};
    text_.clear();
    append_canonical_request(request);
    HF_ASSERT(EVP_DigestInit_ex2(work_.get(), sha256_algorithm(), nullptr) == 1);
    HF_ASSERT(EVP_DigestUpdate(work_.get(), text_.data(), text_.size()) == 1);
    finish(work_.get(), hash);
    write_hex(hash, hex_.data());

    text_.assign("AWS4-HMAC-SHA256\n").append(request.timestamp).append(1, '\n');
    text_.append(scope_).append(1, '\n').append(hex_.data(), hex_.size());
    HF_ASSERT(EVP_MD_CTX_copy_ex(work_.get(), inner_.get()) == 1);
    HF_ASSERT(EVP_DigestUpdate(work_.get(), text_.data(), text_.size()) == 1);
    finish(work_.get(), hash);
    HF_ASSERT(EVP_MD_CTX_copy_ex(work_.get(), outer_.get()) == 1);
    HF_ASSERT(EVP_DigestUpdate(work_.get(), hash.data(), hash.size()) == 1);
    finish(work_.get(), hash);
    write_hex(hash, hex_.data());
    return {hex_.data(), hex_.size()};
}

void Signer::append_authorization(const RequestToSign& request, std::string& to) {
    const auto hex = signature(request);
    to.append("AWS4-HMAC-SHA256 Credential=").append(access_key_).append(1, '/').append(scope_);
    to.append(", SignedHeaders=");
    for (const auto& header : request.headers) to.append(header.name).append(1, ';');
    to.back() = ',';
    to.append(" Signature=").append(hex);
}

}  // namespace holdfast::bench
