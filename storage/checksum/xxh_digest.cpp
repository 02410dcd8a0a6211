#include "storage/checksum/xxh_digest.h"

#include <xxhash.h>

#include "base/assert.h"

namespace holdfast::storage::checksum {

namespace {

struct FreeState {
    void operator()(XXH64_state_t* state) const { XXH64_freeState(state); }
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

class Xxh64Digest final : public Digest {
public:
    Xxh64Digest() : state_(XXH64_createState()) {
        HF_ASSERT(state_ != nullptr && XXH64_reset(state_.get(), 0) == XXH_OK);
    }
    void update(base::ByteView bytes) override {
        // libxxhash refuses a null pointer, which an empty view may hold.
        if (bytes.empty()) return;
        HF_ASSERT(XXH64_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
    }
    base::Bytes finish() override {
        base::Bytes digest(8);
        base::store_be64(digest, XXH64_digest(state_.get()));
        return digest;
    }

private:
    std::unique_ptr<XXH64_state_t, FreeState> state_;
};

/// The widths differ in how the state is begun, fed and read, not in the state itself.
class Xxh3Digest final : public Digest {
public:
    enum class Width { bits_64, bits_128 };
    explicit Xxh3Digest(Width width) : state_(XXH3_createState()), width_(width) {
        HF_ASSERT(state_ != nullptr);
        const auto begun = width_ == Width::bits_64 ? XXH3_64bits_reset(state_.get())
                                                    : XXH3_128bits_reset(state_.get());
        HF_ASSERT(begun == XXH_OK);
    }
    void update(base::ByteView bytes) override {
        if (bytes.empty()) return;
        const auto fed = width_ == Width::bits_64
                             ? XXH3_64bits_update(state_.get(), bytes.data(), bytes.size())
                             : XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
        HF_ASSERT(fed == XXH_OK);
    }
    base::Bytes finish() override {
        if (width_ == Width::bits_64) {
            base::Bytes digest(8);
            base::store_be64(digest, XXH3_64bits_digest(state_.get()));
            return digest;
        }
        const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
        base::Bytes digest(16);
        base::store_be64(digest, hash.high64);
        base::store_be64(base::ByteSpan(digest).subspan(8), hash.low64);
        return digest;
    }

private:
    std::unique_ptr<XXH3_state_t, FreeState> state_;
    Width width_;
};

}  // namespace

std::unique_ptr<Digest> make_xxh_digest(model::ChecksumAlgorithm algorithm) {
    using model::ChecksumAlgorithm;
    if (algorithm == ChecksumAlgorithm::xxhash64) return std::make_unique<Xxh64Digest>();
    if (algorithm == ChecksumAlgorithm::xxhash3)
        return std::make_unique<Xxh3Digest>(Xxh3Digest::Width::bits_64);
    HF_ASSERT(algorithm == ChecksumAlgorithm::xxhash128);
    return std::make_unique<Xxh3Digest>(Xxh3Digest::Width::bits_128);
}

}  // namespace holdfast::storage::checksum
