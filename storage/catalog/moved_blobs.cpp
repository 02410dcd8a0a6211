#include "storage/catalog/moved_blobs.h"

#include <algorithm>

namespace holdfast::storage::catalog {

namespace {

bool is_in_one_place(const BlobRef& one, const BlobRef& other) {
    return std::equal(one.extents.begin(), one.extents.end(), other.extents.begin(),
                      other.extents.end(), [](const Extent& a, const Extent& b) {
                          return a.segment == b.segment && a.offset == b.offset;
                      });
}

}  // namespace

MovedBlobs::MovedBlobs(const std::vector<BlobInSegments>& blobs, LookAtBlob look)
    : look_(std::move(look)) {
    for (const auto& blob : blobs) copies_[blob.ref.id].push_back(&blob);
}

bool MovedBlobs::follow(records::Body& body) {
    if (!body.has_blob()) return false;
    const auto named = from_record(body.blob());
    const auto copies = copies_.find(named.id);
    if (copies == copies_.end()) return false;
    const auto& list = copies->second;
    const bool is_there = std::any_of(list.begin(), list.end(), [&](const BlobInSegments* blob) {
        return is_in_one_place(blob->ref, named);
    });
    if (is_there) return false;
    const auto found = look_at_copies(list, 0, look_);
    if (found.look.state != BlobLook::State::whole ||
        found.blob->ref.stored_bytes != named.stored_bytes)
        return false;
    body.clear_blob();
    to_record(found.blob->ref, body.mutable_blob());
    ++followed_;
    return true;
}

}  // namespace holdfast::storage::catalog
