#include "storage/catalog/store.h"

#include <algorithm>
#include <new>
#include <utility>

namespace holdfast::storage::catalog {

void GarbageList::add(Item item) {
    const std::scoped_lock lock(mutex_);
    if (item.blobs.size() > blobs_max_ - blobs_) {
        overflow_ = true;
        return;
    }
    const auto blobs = item.blobs.size();
    try {
        items_.push_back(std::move(item));
    } catch (const std::bad_alloc&) {
        overflow_ = true;  // the commit that dropped them is done: it must be answered for
        return;
    }
    blobs_ += blobs;
}

std::vector<GarbageList::Item> GarbageList::take() {
    const std::scoped_lock lock(mutex_);
    blobs_ = 0;
    return std::exchange(items_, {});
}

bool GarbageList::take_overflow() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(overflow_, false);
}

BlobRef from_record(const records::BlobRef& record) {
    BlobRef ref;
    std::copy_n(record.id().begin(), std::min(record.id().size(), ref.id.size()), ref.id.begin());
    ref.stored_bytes = record.stored_bytes();
    ref.frame_bytes = record.frame_bytes();
    for (const auto& extent : record.extents())
        ref.extents.push_back({extent.segment(), extent.offset(), extent.length()});
    return ref;
}

void to_record(const BlobRef& ref, records::BlobRef* record) {
    record->set_id(ref.id.data(), ref.id.size());
    record->set_stored_bytes(ref.stored_bytes);
    record->set_frame_bytes(ref.frame_bytes);
    for (const auto& extent : ref.extents) {
        auto* to = record->add_extents();
        to->set_segment(extent.segment);
        to->set_offset(extent.offset);
        to->set_length(extent.length);
    }
}

std::string key_context(std::string_view bucket_id, std::string_view key) {
    std::string context(bucket_id);
    context.append("/").append(key);
    return context;
}

}  // namespace holdfast::storage::catalog
