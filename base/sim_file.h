/// The content of one simulated file: what it is now, and what the disk has for sure. Not
/// synchronised: SimVfs holds its lock around every call.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/random.h"

namespace holdfast::base {

class SimFile {
public:
    static constexpr std::uint64_t page_bytes = 4096;
    static constexpr std::uint64_t sector_bytes = 512;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t allocated_bytes() const { return pages_.size() * page_bytes; }
    /// Pages a write or an allocation there would add.
    [[nodiscard]] std::uint64_t new_bytes(std::uint64_t offset, std::uint64_t length) const;

    std::size_t read(std::uint64_t offset, ByteSpan to) const;
    void write(std::uint64_t offset, ByteView from);
    void allocate(std::uint64_t offset, std::uint64_t length);
    void punch(std::uint64_t offset, std::uint64_t length);
    void truncate(std::uint64_t size);
    void sync();

    /// What a crash leaves of it.
    [[nodiscard]] SimFile survivor(Random& random) const;

    bool cached = true;  ///< whether a read need not wait for the disk

private:
    using Page = std::array<std::uint8_t, page_bytes>;
    struct Cell {
        Page now{};
        Page durable{};
        std::uint8_t dirty_sectors = 0;  ///< one bit each, written since the last sync
    };
    struct Piece {
        std::uint64_t page = 0;
        std::size_t from = 0;
        std::size_t bytes = 0;
    };
    /// The part of a range within its first page.
    static Piece first_piece(std::uint64_t offset, std::uint64_t length);
    static void mark_dirty(Cell& cell, const Piece& piece);
    void clear(std::uint64_t offset, std::uint64_t length);

    std::map<std::uint64_t, Cell> pages_;
    /// Punched or cut off since the last sync: gone now, on the disk until then.
    std::map<std::uint64_t, Page> removed_;
    std::uint64_t size_ = 0;
    std::uint64_t durable_size_ = 0;
};

}  // namespace holdfast::base
