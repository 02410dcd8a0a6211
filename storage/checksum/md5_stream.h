/// An MD5 under way whose state can be put into a vector lane and taken out again; what is hashed
/// alone goes through OpenSSL.
///
/// threads: one at a time. source: RFC 1321.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace holdfast::storage::checksum {

inline constexpr std::size_t md5_block_bytes = 64;

class Md5Stream {
public:
    Md5Stream();
    ~Md5Stream();
    Md5Stream(const Md5Stream&) = delete;
    Md5Stream& operator=(const Md5Stream&) = delete;

    void update(base::ByteView bytes);
    /// Call once.
    std::array<std::uint8_t, 16> finish();

    /// Bytes that update() must be given before the next one begins a block.
    [[nodiscard]] std::size_t bytes_to_block_boundary() const;
    /// The four words A to D. REQUIRES: at a block boundary.
    [[nodiscard]] std::array<std::uint32_t, 4> words() const;
    /// What `words` became of after `bytes` bytes more. REQUIRES: whole blocks.
    void advance(const std::array<std::uint32_t, 4>& words, std::uint64_t bytes);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace holdfast::storage::checksum
