#include "storage/catalog/dropped_blobs.h"

#include <algorithm>

#include "base/failpoint.h"
#include "storage/catalog/bucket_rows.h"

namespace holdfast::storage::catalog {

namespace {
/// Keeps a row below some 100 KiB, whatever is dropped at once.
constexpr std::size_t blobs_per_row_max = 1000;
}  // namespace

void DroppedBlobs::add(const records::Body& body) {
    if (body.has_blob()) blobs_.push_back(body.blob());
}

std::vector<GarbageList::Item> DroppedBlobs::put_rows(const Partition& partition,
                                                      Transaction& transaction) && {
    std::vector<GarbageList::Item> items;
    for (std::size_t begin = 0; begin < blobs_.size(); begin += blobs_per_row_max) {
        const auto end = std::min(begin + blobs_per_row_max, blobs_.size());
        records::Garbage record;
        GarbageList::Item item;
        item.partition = partition;
        item.row = garbage_row(from_record(blobs_[begin]));
        for (auto i = begin; i < end; ++i) {
            item.blobs.push_back(from_record(blobs_[i]));
            *record.add_blobs() = std::move(blobs_[i]);
        }
        put_row(transaction, RowFamily::index, item.row, record.SerializeAsString());
        static_cast<void>(HF_FAILPOINT("gc.enqueue"));
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace holdfast::storage::catalog
