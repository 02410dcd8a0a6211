/// A segment store on a file system of the test's choice, and blobs for it.
#pragma once

#include <memory>
#include <string>

#include "base/limits.h"
#include "storage/local/segment_store.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"
#include "tests/temporary_directory.h"

namespace holdfast::tests {

using storage::BlobRef;
using storage::StorageError;
using storage::local::SegmentOptions;
using storage::local::SegmentStore;
using test::run;

/// What the catalog uses: 64 KiB of plaintext and an authentication tag.
inline constexpr std::uint32_t frame_bytes = 64 * base::KiB + 16;

class SegmentDirectory {
public:
    [[nodiscard]] std::string path() const { return directory_.file("segments"); }

private:
    TemporaryDirectory directory_;
};

/// Small, so that a test crosses every border cheaply.
inline SegmentOptions small_segments(const std::string& directory, std::uint64_t incarnation = 1) {
    SegmentOptions options;
    options.directory = directory;
    options.segment_bytes = 8 * base::MiB;
    options.extent_bytes_max = 2 * base::MiB;
    options.small_blob_bytes_max = 512 * base::KiB;
    options.free_space_reserve_bytes = 1;
    options.incarnation = incarnation;
    return options;
}

/// The first run makes the directory, as the creation of a volume does.
inline std::unique_ptr<SegmentStore> open_segments(const SegmentOptions& options, base::Vfs& vfs,
                                                   const base::Clock& clock,
                                                   base::WorkerPool& pool) {
    if (options.incarnation == 1) {
        REQUIRE(vfs.make_directories(options.directory));
        const auto parent = options.directory.substr(0, options.directory.rfind('/'));
        REQUIRE(vfs.sync_directory(parent.empty() ? "/" : parent));
    }
    auto opened = SegmentStore::open(options, vfs, clock, pool);
    REQUIRE(opened);
    return *std::move(opened);
}

inline storage::BlobId blob_id(std::uint64_t number) {
    storage::BlobId id{};
    base::store_le64(id, number);
    return id;
}

/// Repeatable bytes that differ by blob and place.
inline base::Bytes content_of(std::uint64_t number, std::size_t size) {
    base::Bytes bytes(size);
    auto state = number * 0x9e3779b97f4a7c15 + 1;
    for (auto& byte : bytes) {
        state = state * 6364136223846793005 + 1442695040888963407;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return bytes;
}

inline const storage::BlobIdentity an_identity{"bucket/photos", "cat.jpg", "a record"};

struct WriteShape {
    bool size_known = true;
    std::size_t frames_at_once = 4;
    storage::BlobIdentity identity = an_identity;
};

inline const WriteShape usual_shape;

inline storage::Async<BlobRef> write_blob(storage::BlobStore& store, std::uint64_t number,
                                          base::ByteView content,
                                          const WriteShape& shape = usual_shape) {
    storage::BlobOptions options;
    options.id = blob_id(number);
    options.frame_bytes = frame_bytes;
    if (shape.size_known) options.expected_stored_bytes = content.size();
    auto writer = co_await store.create(options);
    if (!writer) co_return std::move(writer).error();
    while (!content.empty()) {
        const auto piece = content.first(
            std::min<std::size_t>(content.size(), shape.frames_at_once * frame_bytes));
        auto appended = co_await (*writer)->append(piece);
        if (!appended) co_return std::move(appended).error();
        content = content.subspan(piece.size());
    }
    co_return co_await (*writer)->finish(shape.identity);
}

inline storage::Async<base::Bytes> read_frames(storage::BlobStore& store, const BlobRef& ref,
                                               std::uint64_t first, std::uint64_t count) {
    auto reader = co_await store.open(ref);
    if (!reader) co_return std::move(reader).error();
    base::Bytes bytes(count * ref.frame_bytes);
    auto got = co_await (*reader)->read(first, count, bytes);
    if (!got) co_return std::move(got).error();
    bytes.resize(*got);
    co_return bytes;
}

inline std::uint64_t frames_of(const BlobRef& ref) {
    return (ref.stored_bytes + ref.frame_bytes - 1) / ref.frame_bytes;
}

inline storage::Async<base::Bytes> read_blob(storage::BlobStore& store, const BlobRef& ref) {
    co_return co_await read_frames(store, ref, 0, frames_of(ref));
}

}  // namespace holdfast::tests
