#include "base/sim_file.h"

#include <algorithm>

namespace holdfast::base {

namespace {

std::uint64_t draw(Random& random, std::uint64_t bound) {
    std::array<std::uint8_t, 8> bytes;
    random.fill(bytes);
    return load_le64(bytes) % bound;
}

}  // namespace

SimFile::Piece SimFile::first_piece(std::uint64_t offset, std::uint64_t length) {
    const auto from = offset % page_bytes;
    return {offset / page_bytes, from, std::min(page_bytes - from, length)};
}

void SimFile::mark_dirty(Cell& cell, const Piece& piece) {
    for (auto sector = piece.from / sector_bytes;
         sector <= (piece.from + piece.bytes - 1) / sector_bytes; ++sector)
        cell.dirty_sectors |= static_cast<std::uint8_t>(1U << sector);
}

std::uint64_t SimFile::new_bytes(std::uint64_t offset, std::uint64_t length) const {
    std::uint64_t bytes = 0;
    while (length > 0) {
        const auto piece = first_piece(offset, length);
        if (!pages_.contains(piece.page)) bytes += page_bytes;
        offset += piece.bytes;
        length -= piece.bytes;
    }
    return bytes;
}

std::size_t SimFile::read(std::uint64_t offset, ByteSpan to) const {
    if (offset >= size_) return 0;
    to = to.first(std::min<std::uint64_t>(to.size(), size_ - offset));
    const auto total = to.size();
    while (!to.empty()) {
        const auto piece = first_piece(offset, to.size());
        if (const auto found = pages_.find(piece.page); found != pages_.end())
            std::copy_n(found->second.now.begin() + static_cast<std::ptrdiff_t>(piece.from),
                        piece.bytes, to.begin());
        else
            std::fill_n(to.begin(), piece.bytes, std::uint8_t{0});
        offset += piece.bytes;
        to = to.subspan(piece.bytes);
    }
    return total;
}

void SimFile::write(std::uint64_t offset, ByteView from) {
    allocate(offset, from.size());
    while (!from.empty()) {
        const auto piece = first_piece(offset, from.size());
        auto& cell = pages_[piece.page];
        std::copy_n(from.begin(), piece.bytes,
                    cell.now.begin() + static_cast<std::ptrdiff_t>(piece.from));
        mark_dirty(cell, piece);
        offset += piece.bytes;
        from = from.subspan(piece.bytes);
    }
}

void SimFile::allocate(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) return;
    size_ = std::max(size_, offset + length);
    while (length > 0) {
        const auto piece = first_piece(offset, length);
        const auto [added, is_new] = pages_.try_emplace(piece.page);
        if (const auto old = removed_.find(piece.page); is_new && old != removed_.end()) {
            added->second.durable = old->second;
            added->second.dirty_sectors = 0xff;
            removed_.erase(old);
        }
        offset += piece.bytes;
        length -= piece.bytes;
    }
}

/// Zeros; whole pages go away.
void SimFile::clear(std::uint64_t offset, std::uint64_t length) {
    while (length > 0) {
        const auto piece = first_piece(offset, length);
        if (const auto found = pages_.find(piece.page); found != pages_.end()) {
            if (piece.bytes == page_bytes) {
                removed_[piece.page] = found->second.durable;
                pages_.erase(found);
            } else {
                std::fill_n(found->second.now.begin() + static_cast<std::ptrdiff_t>(piece.from),
                            piece.bytes, std::uint8_t{0});
                mark_dirty(found->second, piece);
            }
        }
        offset += piece.bytes;
        length -= piece.bytes;
    }
}

void SimFile::punch(std::uint64_t offset, std::uint64_t length) {
    clear(offset, length);
}

void SimFile::truncate(std::uint64_t size) {
    if (size < size_) {
        const auto end = (size_ + page_bytes - 1) / page_bytes * page_bytes;
        clear(size, end - size);
    }
    size_ = size;
}

void SimFile::sync() {
    for (auto& [page, cell] : pages_) {
        if (cell.dirty_sectors == 0) continue;
        cell.durable = cell.now;
        cell.dirty_sectors = 0;
    }
    removed_.clear();
    durable_size_ = size_;
}

SimFile SimFile::survivor(Random& random) const {
    SimFile left;
    left.cached = false;
    for (const auto& [page, cell] : pages_) {
        auto& kept = left.pages_[page];
        kept.now = cell.durable;
        for (std::size_t sector = 0; sector < page_bytes / sector_bytes; ++sector) {
            if ((cell.dirty_sectors >> sector & 1U) == 0) continue;
            const auto fate = draw(random, 3);
            const auto bytes = fate == 0   ? 0
                               : fate == 1 ? sector_bytes
                                           : draw(random, sector_bytes);
            const auto at = static_cast<std::ptrdiff_t>(sector * sector_bytes);
            std::copy_n(cell.now.begin() + at, bytes, kept.now.begin() + at);
        }
        kept.durable = kept.now;
    }
    for (const auto& [page, content] : removed_) {
        if (draw(random, 2) == 0) continue;
        auto& kept = left.pages_[page];
        kept.now = kept.durable = content;
    }
    const auto [low, high] = std::minmax(size_, durable_size_);
    const std::uint64_t sizes[] = {size_, durable_size_, low + draw(random, high - low + 1)};
    left.size_ = high;
    left.truncate(sizes[draw(random, 3)]);
    left.removed_.clear();
    left.sync();
    return left;
}

}  // namespace holdfast::base
