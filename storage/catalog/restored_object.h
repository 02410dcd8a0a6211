/// From what a blob's identity or a completion says back to an object's rows. Checks that record
/// and blob fit together. threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/blob_copies.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct RestoredObject {
    records::Object record;
    std::vector<records::Manifest> manifests;  ///< of a multipart object, in order
    /// One line each: its parts that are not whole. Reads of them end with an error.
    std::vector<std::string> damage;
};

/// An object in one blob. Nothing, and why, when they do not fit.
std::optional<RestoredObject> restore_object(const BlobRef& blob, const std::string& record,
                                             std::string& why);

/// `content` is that of the completion's blob. Nothing, and why, when a part is not there.
std::optional<RestoredObject> restore_multipart(const BlobRef& completion,
                                                const std::string& content, PartBlobs& parts,
                                                std::string& why);

}  // namespace holdfast::storage::catalog
