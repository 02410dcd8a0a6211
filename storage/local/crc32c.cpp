#include "storage/local/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace holdfast::storage::local {

std::uint32_t crc32c(base::ByteView bytes, std::uint32_t before) {
    // ISA-L takes an int for the length.
    constexpr std::size_t piece_bytes_max = 1U << 30;
    std::uint32_t crc = ~before;
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(bytes.size(), piece_bytes_max));
        // It does not write to the buffer; only its signature says it might.
        crc = crc32_iscsi(const_cast<unsigned char*>(piece.data()), static_cast<int>(piece.size()),
                          crc);
        bytes = bytes.subspan(piece.size());
    }
    return ~crc;
}

}  // namespace holdfast::storage::local
