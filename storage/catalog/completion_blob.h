/// The blob that says what a CompleteMultipartUpload decided, so that a multipart object can be
/// restored from the segments alone. docs/format/rows.md, docs/format/segments.md.
///
/// threads: one event loop. source: spec durability 2.2.4, 6 (recovery of the index from blobs).
#pragma once

#include <optional>
#include <string>

#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

/// Frames of the completion's blob: they hold its serialised message and are not encrypted.
inline constexpr std::uint32_t completion_frame_bytes = 64 * 1024;

/// Durable when it returns. What the object's record keeps as `completion`. errors: as
/// BlobStore::create and BlobWriter::finish.
Async<records::Body> write_completion(Store& store, const std::string& bucket,
                                      const Partition& partition, const std::string& row,
                                      const records::Completion& completion);

/// Nothing when it does not parse or contradicts itself: chunks and manifests that differ, part
/// numbers that do not ascend, sizes that do not add up.
std::optional<records::Completion> parse_completion(const std::string& bytes);

}  // namespace holdfast::storage::catalog
