/// Walks the index rows of a range in order, page by page, with jumps. A jump over a group of a
/// million keys costs one small scan, so a listing's price depends on what it returns only.
/// threads: one event loop.
#pragma once

#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

class RowCursor {
public:
    RowCursor(MetadataStore& metadata, Partition partition, RowRange range,
              std::uint32_t rows_wanted);

    /// The next row, or null at the end. Valid until the next call.
    Async<const Row*> next();
    /// Continues with the first row at or after `begin`.
    void seek(std::string begin);

private:
    MetadataStore& metadata_;
    Partition partition_;
    RowRange range_;
    ScanPage page_;
    std::size_t at_ = 0;
    bool started_ = false;
    std::uint32_t page_rows_;
};

}  // namespace holdfast::storage::catalog
