/// The two engine interfaces in front of the memory engine, with what a test needs to see and to
/// make happen: counts of calls, a moment before a commit, failures, damaged bytes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "storage/memory/engine.h"

namespace holdfast::test {

using storage::BlobId;
using storage::StorageError;

class WatchedRows final : public storage::MetadataStore {
public:
    storage::Async<std::vector<std::optional<storage::Row>>> get(
        const storage::Partition& partition, std::vector<storage::RowKey> keys) override;
    storage::Async<storage::ScanPage> scan(const storage::Partition& partition,
                                           storage::ScanRange range) override;
    storage::Async<storage::RowVersion> commit(const storage::Partition& partition,
                                               storage::Transaction transaction) override;

    struct Counts {
        int gets = 0;
        int scans = 0;
        int commits = 0;
        std::uint64_t rows_scanned = 0;
    };
    /// Since the last call.
    Counts take_counts() { return std::exchange(counts_, {}); }

    using Hook = std::function<base::Awaitable<void>()>;
    Hook before_commit;                                      ///< runs once, before the next commit
    std::function<bool(const storage::Transaction&)> fails;  ///< which commits fail
    std::function<void()> on_scan;                           ///< runs before each scan
    Hook after_get;  ///< runs once, between the reading of the next get and its return
    StorageError::Kind failure = StorageError::Kind::io;
    bool applied_when_failing = false;  ///< the commit happens all the same (in doubt)

private:
    std::unique_ptr<storage::MetadataStore> rows_ = storage::memory::make_metadata_store();
    Counts counts_;
};

class WatchedBlobs final : public storage::BlobStore {
public:
    storage::Async<std::unique_ptr<storage::BlobWriter>> create(
        storage::BlobOptions options) override;
    storage::Async<std::unique_ptr<storage::BlobReader>> open(const storage::BlobRef& ref) override;
    storage::Async<void> check_space(std::uint64_t bytes) override;
    storage::Async<void> release(const storage::BlobRef& ref) override;

    /// Finished and not released; completions are counted apart, here and in the counters below.
    [[nodiscard]] std::size_t live() const { return live_.size(); }
    [[nodiscard]] std::size_t live_completions() const { return live_completions_.size(); }
    [[nodiscard]] bool is_live(const BlobId& id) const { return live_.count(id) > 0; }

    int created = 0;
    int released = 0;
    int failing_creates = 0;   ///< so many creates fail: out_of_space
    int failing_checks = 0;    ///< so many checks of space fail: out_of_space
    int failing_appends = 0;   ///< so many appends fail: io
    int failing_releases = 0;  ///< so many releases fail: io
    /// Runs before each release, and may make it wait as a reader does.
    std::function<base::Awaitable<void>(const BlobId&)> before_release;
    /// A byte of every blob's stored bytes that comes back wrong.
    std::optional<std::uint64_t> damaged_byte;

    class Writer;
    class Reader;

private:
    std::unique_ptr<storage::BlobStore> blobs_ = storage::memory::make_blob_store();
    std::set<BlobId> live_;
    std::set<BlobId> live_completions_;
};

}  // namespace holdfast::test
