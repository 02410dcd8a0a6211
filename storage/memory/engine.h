/// The in-memory engine: for tests and throw-away endpoints; passes the same suite as the embedded
/// one. Nothing survives the process. threads: any.
#pragma once

#include <memory>

#include "storage/blob_store.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::memory {

std::unique_ptr<MetadataStore> make_metadata_store();
std::unique_ptr<BlobStore> make_blob_store();

}  // namespace holdfast::storage::memory
