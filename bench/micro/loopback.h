/// A connected pair of TCP sockets over loopback, blocking. threads: one for each end.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace holdfast::bench {

class Loopback {
public:
    /// Throws std::system_error.
    Loopback();
    ~Loopback();
    Loopback(const Loopback&) = delete;
    Loopback& operator=(const Loopback&) = delete;

    /// Sends all of it. False when the other end is gone.
    bool send(base::ByteView bytes) const;
    /// Bytes received; 0 at the end.
    [[nodiscard]] std::size_t receive(base::ByteSpan to) const;
    /// Bytes received and dropped by the kernel without a copy; 0 at the end.
    [[nodiscard]] std::size_t discard(std::size_t bytes_max) const;
    void end_sending() const;

private:
    int sender_ = -1;
    int receiver_ = -1;
};

}  // namespace holdfast::bench
