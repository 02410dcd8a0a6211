/// Which rows refer to which blobs: the one place that knows it for the workers. A kind of row that
/// is added and names blobs must be added here, or the collector takes its blobs for leftovers.
///
/// threads: one event loop. source: docs/format/rows.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/catalog/store.h"
#include "storage/upkeep.h"

namespace holdfast::storage::workers {

/// One reference, as a row says it.
struct BlobOwner {
    enum class Kind { object, part, garbage };
    Kind kind = Kind::object;
    BlobRef blob;
    std::string key;         ///< of the object or upload; empty for garbage
    std::uint32_t part = 0;  ///< number; 0: not of a multipart object
};

/// All references of a row. Reads the manifest of a multipart object from the snapshot.
/// errors: corrupt (what does not parse, or a manifest row that is missing), io.
Async<std::vector<BlobOwner>> owners_of(RowSnapshot& snapshot, const RowSnapshot::Entry& entry);

/// The id in the name of a bucket's partition; empty for another one.
std::string bucket_id_of(const Partition& partition);

/// The object's key in the name of a row of an object, an upload or a part.
std::string_view object_key_in(std::string_view row);

}  // namespace holdfast::storage::workers
