#include "storage/crypto/aead.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace holdfast::storage::crypto {

namespace {

// Fetched once: an implicit fetch takes locks and costs more than sealing a short text.
const EVP_CIPHER* aes_256_gcm() {
    static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    HF_ASSERT(cipher != nullptr);
    return cipher;
}

int as_int(std::size_t size) {
    HF_ASSERT(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(size);
}

enum Direction : int { decrypt = 0, encrypt = 1 };

void start(EVP_CIPHER_CTX* context, Direction direction, const Nonce& nonce,
           base::ByteView associated) {
    HF_ASSERT(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), direction, nullptr) == 1);
    int written = 0;
    HF_ASSERT(EVP_CipherUpdate(context, nullptr, &written, associated.data(),
                               as_int(associated.size())) == 1);
}

}  // namespace

void Aead::Free::operator()(EVP_CIPHER_CTX* context) const {
    EVP_CIPHER_CTX_free(context);
}

Aead::Aead(base::ByteView key) : context_(EVP_CIPHER_CTX_new()) {
    HF_ASSERT(context_ != nullptr && key.size() == aead_key_bytes);
    HF_ASSERT(EVP_CipherInit_ex2(context_.get(), aes_256_gcm(), key.data(), nullptr, encrypt,
                                 nullptr) == 1);
}

void Aead::seal(const Nonce& nonce, base::ByteView associated, base::ByteView plain,
                base::ByteSpan stored) {
    HF_ASSERT(stored.size() == plain.size() + aead_tag_bytes);
    EVP_CIPHER_CTX* const context = context_.get();
    start(context, encrypt, nonce, associated);
    int written = 0;
    HF_ASSERT(EVP_CipherUpdate(context, stored.data(), &written, plain.data(),
                               as_int(plain.size())) == 1);
    std::uint8_t* const tag = stored.data() + plain.size();
    HF_ASSERT(EVP_CipherFinal_ex(context, tag, &written) == 1);
    HF_ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, as_int(aead_tag_bytes), tag) ==
              1);
}

bool Aead::open(const Nonce& nonce, base::ByteView associated, base::ByteView stored,
                base::ByteSpan plain) {
    HF_ASSERT(stored.size() == plain.size() + aead_tag_bytes);
    // A copy, because OpenSSL takes the tag by a pointer to non-const.
    std::array<std::uint8_t, aead_tag_bytes> tag{};
    const auto stored_tag = stored.last<aead_tag_bytes>();
    std::copy(stored_tag.begin(), stored_tag.end(), tag.begin());

    EVP_CIPHER_CTX* const context = context_.get();
    start(context, decrypt, nonce, associated);
    int written = 0;
    HF_ASSERT(EVP_CipherUpdate(context, plain.data(), &written, stored.data(),
                               as_int(plain.size())) == 1);
    HF_ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, as_int(tag.size()), tag.data()) ==
              1);
    std::array<std::uint8_t, EVP_MAX_BLOCK_LENGTH> nothing{};
    if (EVP_CipherFinal_ex(context, nothing.data(), &written) == 1) return true;

    OPENSSL_cleanse(plain.data(), plain.size());
    // Left in the thread's queue it would be taken for a failure of the next TLS call.
    ERR_clear_error();
    return false;
}

}  // namespace holdfast::storage::crypto
