/// Framed AES-256-GCM: what stored bytes look like.
///
/// A blob's plaintext is cut into frames of frame_plain_bytes (the last may be shorter, an empty
/// blob has none). Each frame is stored as ciphertext followed by its 16-byte tag. The key of a
/// blob is HKDF-SHA256(data key, salt = blob id, info = "holdfast blob v1"); the nonce is the frame
/// number (96 bits big-endian); the associated data are blob id, frame number and whether it is the
/// last one: no (key, nonce) pair ever repeats and frames cannot be reordered, cut off or moved.
/// Written down in docs/format/frames.md. threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"

namespace holdfast::storage::crypto {

inline constexpr std::size_t frame_plain_bytes = 64 * 1024;
inline constexpr std::size_t frame_tag_bytes = 16;
inline constexpr std::size_t frame_stored_bytes = frame_plain_bytes + frame_tag_bytes;

/// Stored size of a plaintext: every frame adds its tag.
constexpr std::uint64_t stored_bytes(std::uint64_t plain_bytes) {
    const std::uint64_t frames = (plain_bytes + frame_plain_bytes - 1) / frame_plain_bytes;
    return plain_bytes + frames * frame_tag_bytes;
}
constexpr std::uint64_t frame_count(std::uint64_t plain_bytes) {
    return (plain_bytes + frame_plain_bytes - 1) / frame_plain_bytes;
}

/// 32 bytes, wiped when it goes away.
using DataKey = base::Secret;

class FrameCipher {
public:
    FrameCipher(const DataKey& key, base::ByteView blob_id);
    ~FrameCipher();
    FrameCipher(FrameCipher&&) noexcept;
    FrameCipher& operator=(FrameCipher&&) noexcept;

    /// Writes ciphertext and tag (plain.size() + frame_tag_bytes) to `stored`; may be in place.
    void seal(std::uint64_t frame, bool last, base::ByteView plain, base::ByteSpan stored);
    /// Writes stored.size() - frame_tag_bytes bytes to `plain`; may be in place. False when the tag
    /// does not match: `plain` then holds nothing usable.
    [[nodiscard]] bool open(std::uint64_t frame, bool last, base::ByteView stored,
                            base::ByteSpan plain);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace holdfast::storage::crypto
