#include "base/limits.h"
#include "bench/micro/engine_bench.h"
#include "storage/crypto/frames.h"

namespace holdfast::bench {

namespace {

using storage::crypto::frame_stored_bytes;

constexpr std::uint64_t blob_plain_bytes = 8 * base::MiB;
constexpr std::uint64_t frames = blob_plain_bytes / storage::crypto::frame_plain_bytes;
constexpr std::uint64_t frames_at_once = 4;
static_assert(frames % frames_at_once == 0);

// The bytes are opaque to the engine, so one buffer does for all frames.
base::Awaitable<bool> append_blob(EngineBench& bench, base::ByteView buffer) {
    storage::BlobOptions options;
    options.kind = storage::BlobKind::part;
    options.frame_bytes = frame_stored_bytes;
    options.expected_stored_bytes = frames * frame_stored_bytes;
    bench.random().fill(options.id);
    auto writer = co_await bench.engine().blobs().create(options);
    if (!writer) co_return false;
    for (std::uint64_t at = 0; at < frames; at += frames_at_once) {
        const auto appended = co_await (*writer)->append(buffer);
        if (!appended) co_return false;
    }
    const storage::BlobIdentity identity{
        .partition = "b/benchmark/0", .row_key = "p", .record = std::string(300, 'r')};
    const auto finished = co_await (*writer)->finish(identity);
    if (!finished) co_return false;
    const auto released = co_await bench.engine().blobs().release(*finished);
    co_return released.has_value();
}

}  // namespace

std::vector<Figure> measure_segment_append(const MicroOptions& options) {
    constexpr unsigned coroutines = 8;
    EngineBench bench(options, "segment_append");
    base::Bytes buffer(frames_at_once * frame_stored_bytes);
    bench.random().fill(buffer);
    const EngineBench::Work work = [&](std::uint64_t) { return append_blob(bench, buffer); };
    return {bench.run("append 8 MiB", coroutines, blob_plain_bytes, work)};
}

}  // namespace holdfast::bench
