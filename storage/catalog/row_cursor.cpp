#include "storage/catalog/row_cursor.h"

#include <algorithm>

namespace holdfast::storage::catalog {

namespace {
constexpr std::uint32_t page_rows_max = 1024;
constexpr std::uint32_t page_rows_after_jump = 8;
}  // namespace

RowCursor::RowCursor(MetadataStore& metadata, Partition partition, RowRange range,
                     std::uint32_t rows_wanted)
    : metadata_(metadata),
      partition_(std::move(partition)),
      range_(std::move(range)),
      page_rows_(std::clamp<std::uint32_t>(rows_wanted, 1, page_rows_max)) {}

Async<const Row*> RowCursor::next() {
    if (at_ == page_.rows.size()) {
        if (started_ && !page_.more) co_return nullptr;
        if (started_ && !page_.rows.empty()) {
            range_.begin = page_.rows.back().key;
            range_.begin.push_back('\0');
        }
        if (!range_.end.empty() && range_.begin >= range_.end) {
            page_ = {};
            at_ = 0;
            started_ = true;
            co_return nullptr;
        }
        ScanRange range;
        range.begin = range_.begin;
        range.end = range_.end;
        range.rows_max = page_rows_;
        auto page = co_await metadata_.scan(partition_, std::move(range));
        if (!page) co_return std::move(page).error();
        page_ = std::move(*page);
        at_ = 0;
        started_ = true;
        page_rows_ = std::min(page_rows_ * 2, page_rows_max);
        if (page_.rows.empty()) co_return nullptr;
    }
    co_return &page_.rows[at_++];
}

void RowCursor::seek(std::string begin) {
    const auto before = [](const Row& row, const std::string& key) { return row.key < key; };
    const auto found = std::lower_bound(page_.rows.begin() + static_cast<std::ptrdiff_t>(at_),
                                        page_.rows.end(), begin, before);
    if (found != page_.rows.end() || (started_ && !page_.more)) {
        at_ = static_cast<std::size_t>(found - page_.rows.begin());
        return;
    }
    range_.begin = std::move(begin);
    page_ = {};
    at_ = 0;
    started_ = false;
    page_rows_ = page_rows_after_jump;
}

}  // namespace holdfast::storage::catalog
