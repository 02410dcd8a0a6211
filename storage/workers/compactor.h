/// Moves blobs out of segments, so that whole files come back where the file system has no holes
/// (durability 2.2.9).
///
/// A blob is copied with the write path of every other one: new extents, durable before anything
/// refers to them; then one transaction changes the reference, which it expects unchanged, and
/// names the old extents in a garbage row. A reader that met the old reference keeps it until it is
/// done. The blob keeps its id, from which its key is derived.
/// threads: one event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "storage/catalog/store.h"
#include "storage/upkeep.h"
#include "storage/workers/throttle.h"

namespace holdfast::storage::workers {

class Compactor {
public:
    /// Everything given outlives it. `stopping` ends it early.
    Compactor(catalog::Store& store, Upkeep& upkeep, Throttle& throttle, const bool& stopping)
        : store_(store), upkeep_(upkeep), throttle_(throttle), stopping_(stopping) {}

    /// Moves every blob that has an extent in one of the segments; how many were moved. One that is
    /// damaged, or cannot be read, stays where it is. errors: of the index; out_of_space, io of the
    /// copy's writing.
    Async<std::uint64_t> empty(const std::set<std::uint64_t>& segments);

private:
    struct Reference;
    [[nodiscard]] bool is_concerned(const BlobRef& blob) const;
    Async<std::uint64_t> move_row(const Partition& partition, const std::string& row);
    Async<std::optional<Reference>> find_reference(const Partition& partition,
                                                   const std::string& row);
    Async<void> find_in_manifest(const Partition& partition, Reference& reference);
    /// Nothing when it is damaged.
    Async<std::optional<BlobRef>> copy(const BlobRef& blob, BlobKind kind);
    Async<bool> copy_frames(BlobReader& from, BlobWriter& to, const BlobRef& blob);
    /// False when somebody else changed the row meanwhile.
    Async<bool> replace(const Partition& partition, Reference reference, const BlobRef& moved);

    catalog::Store& store_;
    Upkeep& upkeep_;
    Throttle& throttle_;
    const bool& stopping_;
    const std::set<std::uint64_t>* segments_ = nullptr;  ///< while it runs
};

}  // namespace holdfast::storage::workers
