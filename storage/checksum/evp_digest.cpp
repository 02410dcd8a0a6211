#include "storage/checksum/evp_digest.h"

#include <openssl/evp.h>

#include "base/assert.h"

namespace holdfast::storage::checksum {

namespace {

using model::ChecksumAlgorithm;

const EVP_MD* fetched(const char* name) {
    const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, name, nullptr);
    HF_ASSERT(algorithm != nullptr);
    return algorithm;
}

const EVP_MD* evp_algorithm(ChecksumAlgorithm algorithm) {
    static const EVP_MD* const md5 = fetched("MD5");
    static const EVP_MD* const sha1 = fetched("SHA1");
    static const EVP_MD* const sha256 = fetched("SHA256");
    static const EVP_MD* const sha512 = fetched("SHA512");
    switch (algorithm) {
        case ChecksumAlgorithm::md5:
            return md5;
        case ChecksumAlgorithm::sha1:
            return sha1;
        case ChecksumAlgorithm::sha256:
            return sha256;
        case ChecksumAlgorithm::sha512:
            return sha512;
        default:
            return nullptr;
    }
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class EvpDigest final : public Digest {
public:
    explicit EvpDigest(ChecksumAlgorithm algorithm)
        : context_(EVP_MD_CTX_new()), digest_bytes_(model::digest_bytes(algorithm)) {
        const EVP_MD* const found = evp_algorithm(algorithm);
        HF_ASSERT(context_ != nullptr && found != nullptr);
        HF_ASSERT(EVP_DigestInit_ex2(context_.get(), found, nullptr) == 1);
    }

    void update(base::ByteView bytes) override {
        HF_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    }

    base::Bytes finish() override {
        base::Bytes digest(digest_bytes_);
        HF_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
        return digest;
    }

private:
    std::unique_ptr<EVP_MD_CTX, FreeContext> context_;
    std::size_t digest_bytes_;
};

}  // namespace

std::unique_ptr<Digest> make_evp_digest(ChecksumAlgorithm algorithm) {
    return std::make_unique<EvpDigest>(algorithm);
}

void evp_digest(ChecksumAlgorithm algorithm, base::ByteView bytes, base::ByteSpan out) {
    const EVP_MD* const found = evp_algorithm(algorithm);
    HF_ASSERT(found != nullptr && out.size() == model::digest_bytes(algorithm));
    HF_ASSERT(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, found, nullptr) == 1);
}

}  // namespace holdfast::storage::checksum
