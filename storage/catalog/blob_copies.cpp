#include "storage/catalog/blob_copies.h"

namespace holdfast::storage::catalog {

LookedAt look_at_copies(const BlobList& blobs, std::size_t first, const LookAtBlob& look) {
    LookedAt found{blobs[first], look(blobs[first]->ref)};
    for (auto i = first + 1; i < blobs.size(); ++i) {
        if (found.look.state == BlobLook::State::whole) break;
        if (blobs[i]->ref.id != blobs[first]->ref.id) continue;
        LookedAt other{blobs[i], look(blobs[i]->ref)};
        if (other.look.state == BlobLook::State::whole) found = std::move(other);
    }
    return found;
}

const LookedAt* PartBlobs::find(const BlobId& id) {
    if (const auto found = found_.find(id); found != found_.end()) return &found->second;
    const auto copies = copies_.find(id);
    if (copies == copies_.end()) return nullptr;
    return &found_.emplace(id, look_at_copies(copies->second, 0, look_)).first->second;
}

}  // namespace holdfast::storage::catalog
