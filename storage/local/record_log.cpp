#include "storage/local/record_log.h"

#include <algorithm>

#include "storage/local/crc32c.h"

namespace holdfast::storage::local {

namespace {

constexpr std::size_t length_offset = 4;
constexpr std::size_t type_offset = 6;
constexpr std::size_t header_bytes = 7;
constexpr std::size_t log_number_bytes = 4;  ///< behind the header, in logs that are used again

// Whole, first, middle, last; the same of logs that are used again; how records are compressed.
constexpr unsigned type_first = 1;
constexpr unsigned type_recycled_first = 5;
constexpr unsigned type_recycled_last = 8;
constexpr unsigned type_last = 9;

/// As RocksDB stores a CRC, so that one of bytes that hold CRCs is no trivial one.
std::uint32_t masked(std::uint32_t crc) {
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::size_t header_bytes_of(unsigned type) {
    const bool recycled = type >= type_recycled_first && type <= type_recycled_last;
    return header_bytes + (recycled ? log_number_bytes : 0);
}

std::string find_block_damage(base::ByteView block, bool is_end) {
    while (block.size() >= header_bytes) {
        const unsigned type = block[type_offset];
        if (type < type_first || type > type_last) return "a record of no known type";
        const unsigned length = block[length_offset] + (unsigned{block[length_offset + 1]} << 8);
        const auto bytes = header_bytes_of(type) + length;
        if (bytes > block.size()) return is_end ? "" : "a record is longer than its block";
        const auto covered = block.first(bytes).subspan(type_offset);
        if (base::load_le32(block) != masked(crc32c(covered)))
            return "the checksum of a record does not match";
        block = block.subspan(bytes);
    }
    return {};
}

}  // namespace

std::string find_log_damage(base::ByteView piece, bool is_end) {
    while (!piece.empty()) {
        const auto block = piece.first(std::min<std::size_t>(piece.size(), record_log_block_bytes));
        piece = piece.subspan(block.size());
        const bool is_last = is_end && piece.empty();
        if (auto wrong = find_block_damage(block, is_last); !wrong.empty()) return wrong;
    }
    return {};
}

}  // namespace holdfast::storage::local
