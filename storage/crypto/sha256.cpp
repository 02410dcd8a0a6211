#include "storage/crypto/sha256.h"

#include <openssl/evp.h>

#include "base/assert.h"

namespace holdfast::storage::crypto {

std::array<std::uint8_t, 32> sha256(base::ByteView bytes) {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    HF_ASSERT(algorithm != nullptr);
    std::array<std::uint8_t, 32> digest{};
    HF_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr) ==
              1);
    return digest;
}

}  // namespace holdfast::storage::crypto
