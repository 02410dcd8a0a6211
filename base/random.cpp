#include "base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace holdfast::base {

namespace {

void generate(ByteSpan buffer) {
    HF_ASSERT(RAND_bytes(buffer.data(), static_cast<int>(buffer.size())) == 1);
}

/// Bytes drawn ahead, each handed out once and wiped: a call of the generator costs the same for 16
/// bytes as for hundreds, and every request asks for a few ids.
class Reserve {
public:
    ~Reserve() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

    void take(ByteSpan to) {
        if (to.size() > left_) {
            generate(bytes_);
            left_ = bytes_.size();
        }
        const auto from = ByteSpan(bytes_).subspan(bytes_.size() - left_, to.size());
        std::copy(from.begin(), from.end(), to.begin());
        OPENSSL_cleanse(from.data(), from.size());
        left_ -= to.size();
    }

private:
    std::array<std::uint8_t, 1024> bytes_{};
    std::size_t left_ = 0;
};

constexpr std::size_t small_fill_bytes = 64;

}  // namespace

void SystemRandom::fill(ByteSpan buffer) {
    if (buffer.size() > small_fill_bytes) return generate(buffer);
    thread_local Reserve reserve;
    reserve.take(buffer);
}

// SplitMix64: every seed gives a full-period sequence, and one line states it.
void SeededRandom::fill(ByteSpan buffer) {
    for (auto& byte : buffer) {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
        byte = static_cast<std::uint8_t>(mixed ^ mixed >> 31);
    }
}

}  // namespace holdfast::base
