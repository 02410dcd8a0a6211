/// AES-256-GCM with one key: what frames and wrapped keys are made with. threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

struct evp_cipher_ctx_st;

namespace holdfast::storage::crypto {

inline constexpr std::size_t aead_key_bytes = 32;
inline constexpr std::size_t aead_nonce_bytes = 12;
inline constexpr std::size_t aead_tag_bytes = 16;
using Nonce = std::array<std::uint8_t, aead_nonce_bytes>;

/// Keyed once; each call sets only the nonce. A nonce must not be sealed with twice.
class Aead {
public:
    /// REQUIRES: 32 bytes.
    explicit Aead(base::ByteView key);

    /// Ciphertext and tag. REQUIRES: stored.size() == plain.size() + aead_tag_bytes; the two begin
    /// at the same byte or do not overlap.
    void seal(const Nonce& nonce, base::ByteView associated, base::ByteView plain,
              base::ByteSpan stored);
    /// False when the tag does not match; `plain` is then zeroed.
    /// REQUIRES: sizes and overlap as above.
    [[nodiscard]] bool open(const Nonce& nonce, base::ByteView associated, base::ByteView stored,
                            base::ByteSpan plain);

private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const;
    };
    std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace holdfast::storage::crypto
