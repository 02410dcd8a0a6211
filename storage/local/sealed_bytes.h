/// A record of fixed layout with a CRC-32C of all before it in its last four bytes. threads: any.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "storage/local/crc32c.h"

namespace holdfast::storage::local {

inline constexpr std::size_t seal_bytes = 4;

/// REQUIRES of both: at least seal_bytes.
inline void seal(base::ByteSpan record) {
    base::store_le32(record.last(seal_bytes), crc32c(record.first(record.size() - seal_bytes)));
}

inline bool is_sealed(base::ByteView record) {
    return base::load_le32(record.last(seal_bytes)) ==
           crc32c(record.first(record.size() - seal_bytes));
}

inline bool starts_with(base::ByteView record, std::string_view magic) {
    return base::as_text(record).starts_with(magic);
}

}  // namespace holdfast::storage::local
