/// Immutable blobs: written once as a stream of frames, read by frame, released later.
///
/// The bytes are opaque here (the catalog hands over ciphertext). A blob is a sequence of frames of
/// `frame_bytes`, the last one shorter or equal; each frame has a checksum that is verified on
/// every read, before a byte is returned (P10).
///
/// threads: a writer or reader belongs to one event loop; the store itself is for any. Calls never
///          block the caller.
/// source:  docs/architecture.md 4.1, spec durability 2.2.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "storage/error.h"

namespace holdfast::storage {

/// 128 random bits; never reused.
using BlobId = std::array<std::uint8_t, 16>;

/// One contiguous piece of a segment. `offset` is where the extent's header begins; `length`
/// includes header, frames, their table, on the last extent the identity, and the end mark.
struct Extent {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Where a blob is: what a record keeps. Serialised by the catalog.
struct BlobRef {
    BlobId id{};
    std::uint64_t stored_bytes = 0;  ///< sum of the frames, without headers and table
    std::uint32_t frame_bytes = 0;
    std::vector<Extent> extents;
};

enum class BlobKind : std::uint8_t {
    object = 1,
    part = 2,
    completion = 3,  ///< what CompleteMultipartUpload decided; no client's bytes
};

struct BlobOptions {
    BlobKind kind = BlobKind::object;
    BlobId id{};
    std::uint32_t frame_bytes = 0;
    std::optional<std::uint64_t> expected_stored_bytes;  ///< known from Content-Length, else absent
};

/// What the footer says, so that a scan of the segments alone can rebuild a lost index: the
/// serialised record the commit is about to write, and the row it goes to. At most 60 KiB together.
struct BlobIdentity {
    std::string partition;
    std::string row_key;
    std::string record;
    std::string bucket = {};  ///< its name
    /// The last commit that was acknowledged when the blob was sealed; the engine sets it when it
    /// is 0. Who writes a blob again keeps the number: the content is no newer for it. Of two
    /// blobs of one run, one that was sealed after the other's commit was acknowledged has the
    /// greater number.
    std::uint64_t last_commit = 0;
};

/// One blob being written. Destroyed without finish(): the space goes back, nothing is visible.
class BlobWriter {
public:
    virtual ~BlobWriter() = default;
    /// Appends whole frames: `frames` is a multiple of frame_bytes but for the last call. The bytes
    /// may be reused when it returns. errors: out_of_space, io, unavailable.
    virtual Async<void> append(base::ByteView frames) = 0;
    /// Writes table and footer and returns when everything is durable (one group sync).
    virtual Async<BlobRef> finish(const BlobIdentity& identity) = 0;
};

/// One blob being read. Its space is not given back while the reader lives.
class BlobReader {
public:
    virtual ~BlobReader() = default;
    /// Reads frames first … first+count-1 into `to` (verified) and returns the stored bytes read.
    /// REQUIRES: `to` holds count * frame_bytes; the frames exist. errors: corrupt, io.
    virtual Async<std::size_t> read(std::uint64_t first_frame, std::uint64_t count,
                                    base::ByteSpan to) = 0;
};

class BlobStore {
public:
    virtual ~BlobStore() = default;
    /// errors: out_of_space (before a byte is read from the client), read_only, unavailable.
    virtual Async<std::unique_ptr<BlobWriter>> create(BlobOptions options) = 0;
    virtual Async<std::unique_ptr<BlobReader>> open(const BlobRef& ref) = 0;
    /// Whether `bytes` of data kept elsewhere than in a blob, as rows, leave the free space that
    /// create() leaves: without it, what frees space could not be written any more. Cheap: the
    /// answer may be 100 ms old. errors: out_of_space, io.
    virtual Async<void> check_space(std::uint64_t bytes) = 0;
    /// Gives the space back. REQUIRES: no committed row refers to the blob. Waits for its readers.
    /// Idempotent.
    virtual Async<void> release(const BlobRef& ref) = 0;
};

}  // namespace holdfast::storage
