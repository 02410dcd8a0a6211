#include "storage/crypto/frames.h"

#include "base/assert.h"
#include "storage/crypto/aead.h"
#include "storage/crypto/hkdf.h"

namespace holdfast::storage::crypto {

static_assert(frame_tag_bytes == aead_tag_bytes);

namespace {

constexpr std::string_view blob_key_info = "holdfast blob v1";
// Behind the blob id: frame number (8 bytes, big-endian) and whether it is the last one (1 byte).
constexpr std::size_t frame_place_bytes = 9;

Aead keyed_for_blob(const DataKey& key, base::ByteView blob_id) {
    HF_ASSERT(key.reveal().size() == aead_key_bytes && !blob_id.empty());
    DerivedKey blob_key;
    hkdf_sha256(base::as_bytes(key.reveal()), blob_id, blob_key_info, blob_key);
    return Aead(blob_key.bytes());
}

}  // namespace

struct FrameCipher::State {
    State(const DataKey& key, base::ByteView blob_id)
        : aead(keyed_for_blob(key, blob_id)), associated(blob_id.begin(), blob_id.end()) {
        associated.resize(blob_id.size() + frame_place_bytes);
    }

    /// The nonce of a frame; sets the associated data to the same place.
    Nonce place(std::uint64_t frame, bool last) {
        const auto place = base::ByteSpan(associated).last(frame_place_bytes);
        base::store_be64(place, frame);
        place[frame_place_bytes - 1] = last ? 1 : 0;
        Nonce nonce{};
        base::store_be64(base::ByteSpan(nonce).last(8), frame);
        return nonce;
    }

    Aead aead;
    base::Bytes associated;  // blob id and place; only the place changes
};

FrameCipher::FrameCipher(const DataKey& key, base::ByteView blob_id)
    : state_(std::make_unique<State>(key, blob_id)) {}
FrameCipher::~FrameCipher() = default;
FrameCipher::FrameCipher(FrameCipher&&) noexcept = default;
FrameCipher& FrameCipher::operator=(FrameCipher&&) noexcept = default;

void FrameCipher::seal(std::uint64_t frame, bool last, base::ByteView plain,
                       base::ByteSpan stored) {
    HF_ASSERT(plain.size() <= frame_plain_bytes && stored.size() == plain.size() + frame_tag_bytes);
    const Nonce nonce = state_->place(frame, last);
    state_->aead.seal(nonce, state_->associated, plain, stored);
}

bool FrameCipher::open(std::uint64_t frame, bool last, base::ByteView stored,
                       base::ByteSpan plain) {
    // What was read from a medium may have any length; only what our own caller chose is asserted.
    if (stored.size() < frame_tag_bytes || stored.size() > frame_stored_bytes) return false;
    HF_ASSERT(plain.size() == stored.size() - frame_tag_bytes);
    const Nonce nonce = state_->place(frame, last);
    return state_->aead.open(nonce, state_->associated, stored, plain);
}

}  // namespace holdfast::storage::crypto
