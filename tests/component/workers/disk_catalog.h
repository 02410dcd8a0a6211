/// A whole catalog over the engine on disk, with the workers that look after it, on a loop of the
/// test's; it can be cut off as a kill does, and started again.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/faulty_vfs.h"
#include "base/random.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/uploads.h"
#include "storage/crypto/keyring.h"
#include "storage/local/engine.h"
#include "storage/workers/orphan_collector.h"
#include "storage/workers/reclaimer.h"
#include "storage/workers/scrubber.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"
#include "tests/temporary_directory.h"

namespace holdfast::test {

namespace catalog = storage::catalog;
namespace records = storage::catalog::records;
namespace workers = storage::workers;

/// Stands still until told otherwise; asked by the engine's threads as well.
class TestClock final : public base::Clock {
public:
    [[nodiscard]] base::WallTime wall() const override {
        return base::WallTime(std::chrono::milliseconds(1'700'000'000'000 + elapsed_ms_));
    }
    [[nodiscard]] base::SteadyTime steady() const override {
        return base::SteadyTime(std::chrono::milliseconds(1'000'000'000 + elapsed_ms_));
    }
    void advance(std::chrono::milliseconds by) { elapsed_ms_ += by.count(); }

private:
    std::atomic<std::int64_t> elapsed_ms_ = 0;
};

class DiskCatalog {
public:
    explicit DiskCatalog(workers::CollectorOptions options = {});
    ~DiskCatalog();
    DiskCatalog(const DiskCatalog&) = delete;
    DiskCatalog& operator=(const DiskCatalog&) = delete;

    /// As after a kill: everything in memory is gone, what was written is there.
    void kill_and_restart();
    /// As the server is stopped and started.
    void stop_and_restart();
    /// As a kill, with what happens to the disk in between.
    void kill_and_restart(const std::function<void()>& meanwhile);

    void put(const std::string& key, std::size_t bytes);
    /// What put() stored, or how reading it went wrong.
    catalog::Outcome<std::string> read(std::string key);
    std::string get(const std::string& key);
    void remove(const std::string& key);
    /// An object of two parts of so many bytes.
    void put_multipart(const std::string& key, std::size_t part_bytes);
    catalog::UploadKey start_upload(const std::string& key);
    void put_part(const catalog::UploadKey& upload, std::uint32_t number, std::size_t bytes);
    void complete(const catalog::UploadKey& upload);
    /// A durable blob that nothing refers to: its commit never came.
    storage::BlobRef write_blob(std::size_t bytes);
    /// A writer that has written so much and not ended.
    std::unique_ptr<storage::BlobWriter> begin_blob(std::size_t bytes);
    /// The same with less written than announced, for which space is reserved.
    std::unique_ptr<storage::BlobWriter> begin_blob(std::size_t bytes, std::size_t written_bytes);

    void reclaim();
    /// As reclaim(), and all rows are looked at.
    void sweep();
    /// The same as put(), remove() and reclaim(), for several at once.
    base::Awaitable<bool> try_put(std::string key, std::size_t bytes);
    base::Awaitable<bool> try_remove(std::string key);
    base::Awaitable<void> reclaim_async() { return live_->reclaimer.run_once(); }
    workers::CollectorReport collect(bool consent = false);
    void scrub();
    /// What the object's record says about its blob; of its first part when it has several.
    storage::BlobRef blob_of(const std::string& key);
    /// Disk blocks behind all segment files, as the kernel says.
    std::uint64_t bytes_on_disk();
    std::size_t segments_of_run(std::uint32_t run);
    /// Inverts a byte of a segment.
    void damage(std::uint64_t segment, std::uint64_t offset);
    [[nodiscard]] std::string segment_path(std::uint64_t segment) const;
    [[nodiscard]] std::string index_path(const std::string& name) const {
        return directory_.file("data/index/") + name;
    }

    [[nodiscard]] std::string data() const { return directory_.file("data"); }
    /// Where the rows of the bucket are.
    [[nodiscard]] storage::Partition partition() const {
        return catalog::bucket_partition(bucket_);
    }
    /// Inverts a byte of any file.
    void damage_file(const std::string& path, std::uint64_t offset);

    /// After a fault, without waiting.
    std::optional<std::string> resume() { return engine_->resume(); }

    storage::Upkeep& upkeep() { return engine_->upkeep(); }
    catalog::Store& store() { return live_->store; }
    workers::Scrubber& scrubber() { return live_->scrubber; }
    workers::OrphanCollector& collector() { return live_->collector; }
    template <class T>
    T run(base::Awaitable<T> work) {
        return run_on(loop_, std::move(work));
    }

    std::unique_ptr<base::Vfs> posix = base::make_posix_vfs();
    base::FaultyVfs vfs{*posix};
    TestClock clock;

private:
    /// What goes with the process.
    struct Live {
        explicit Live(DiskCatalog& disk);
        catalog::GarbageList garbage;
        catalog::Store store;
        catalog::Buckets buckets{store};
        catalog::Objects objects{store};
        catalog::Uploads uploads{store, objects};
        workers::Reclaimer reclaimer;
        workers::OrphanCollector collector;
        workers::Scrubber scrubber;
    };
    void start();
    base::Awaitable<storage::Result<catalog::BodyWriter::Finished>> write_body(
        storage::crypto::DataKey key, catalog::BodyWriter::Options options,
        storage::BlobIdentity identity, std::string text);
    base::Awaitable<base::Expected<void, catalog::CatalogError>> put_async(std::string key,
                                                                           std::string text);
    base::Awaitable<base::Expected<void, catalog::CatalogError>> put_part_async(
        catalog::UploadKey upload, std::uint32_t number, std::string text);

    tests::TemporaryDirectory directory_;
    const workers::CollectorOptions options_;
    base::SystemRandom random_;
    base::asio::io_context loop_{1};
    std::unique_ptr<base::WorkerPool> pool_;
    std::unique_ptr<storage::crypto::Keyring> keyring_;
    std::unique_ptr<storage::local::Engine> engine_;
    std::unique_ptr<Live> live_;
    std::string bucket_;
    int uploads_made_ = 0;
};

/// Text that differs by key and place.
std::string text_of(const std::string& key, std::size_t bytes);

}  // namespace holdfast::test
