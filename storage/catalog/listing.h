/// Listings of a bucket's objects and unfinished uploads, in byte order of their keys, with groups.
/// source: spec operations 5, multipart section 12. threads: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct ListQuery {
    std::string prefix;
    std::string delimiter;    ///< empty: no groups
    std::string after;        ///< exclusive: a key, or a group (which is then skipped whole)
    std::uint32_t limit = 0;  ///< entries and groups together
};

/// An object, or a group of keys that share everything up to a delimiter.
struct ListedObject {
    std::string name;
    std::optional<records::Object> object;  ///< absent for a group
};

struct ObjectListing {
    std::vector<ListedObject> entries;
    bool truncated = false;
};

struct UploadListQuery {
    ListQuery keys;
    /// With it, uploads of the key `keys.after` that come behind this one are listed too.
    std::string after_upload_id;
};

struct ListedUpload {
    std::string name;
    std::string upload_id;  ///< empty for a group
    records::Upload upload;
};

struct UploadListing {
    std::vector<ListedUpload> entries;
    bool truncated = false;
};

Outcome<ObjectListing> list_objects(Store& store, const std::string& bucket_id, ListQuery query);
Outcome<UploadListing> list_uploads(Store& store, const std::string& bucket_id,
                                    UploadListQuery query);

}  // namespace holdfast::storage::catalog
