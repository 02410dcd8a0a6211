/// From what a blob's identity or a completion says back to an object's rows. Checks that record
/// and blob fit together; nothing is read. threads: any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct RestoredObject {
    records::Object record;
    std::vector<records::Manifest> manifests;  ///< of a multipart object, in order
};

/// An object in one blob. Nothing, and why, when they do not fit.
std::optional<RestoredObject> restore_object(const BlobRef& blob, const std::string& record,
                                             std::string& why);

/// Where a part's blob is; null when it is not there.
using FindPart = std::function<const BlobRef*(const BlobId&)>;
/// `content` is that of the completion's blob.
std::optional<RestoredObject> restore_multipart(const BlobRef& completion,
                                                const std::string& content, const FindPart& find,
                                                std::string& why);

}  // namespace holdfast::storage::catalog
