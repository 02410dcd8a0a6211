/// Randomness as an interface. threads: any.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace holdfast::base {

class Random {
public:
    virtual ~Random() = default;
    /// Fills the buffer with bytes fit for keys and ids.
    virtual void fill(ByteSpan buffer) = 0;
};

/// The operating system's generator, through OpenSSL. Aborts when it fails: nothing safe is left to
/// do. Keeps a thread-local reserve of bytes drawn ahead, so a forked child must exec.
class SystemRandom final : public Random {
public:
    void fill(ByteSpan buffer) override;
};

/// Repeatable; for tests only. threads: one.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(ByteSpan buffer) override;

private:
    std::uint64_t state_;
};

}  // namespace holdfast::base
