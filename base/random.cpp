#include "base/random.h"

#include <openssl/rand.h>

#include "base/assert.h"

namespace holdfast::base {

void SystemRandom::fill(ByteSpan buffer) {
    HF_ASSERT(RAND_bytes(buffer.data(), static_cast<int>(buffer.size())) == 1);
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
