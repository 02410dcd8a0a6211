/// The embedded engine with the catalog on it, on any disk, small enough that a test fills segments
/// and flushes memtables; what a client does with it, and everything a client can see of it.
///
/// Destroyed without a clean marker, as a crash would leave it. threads: none.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/uploads.h"
#include "storage/crypto/keyring.h"
#include "storage/local/engine.h"
#include "tests/component/crash/model.h"

namespace holdfast::test::crash {

class World {
public:
    using Done = base::Expected<void, storage::catalog::CatalogError>;
    template <class T>
    using Opened = base::Expected<T, storage::local::OpenError>;

    /// Opens the engine and, on a new disk, makes the bucket.
    static Opened<std::unique_ptr<World>> open(
        base::Vfs& vfs, storage::local::Durability durability = storage::local::Durability::strict);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    base::Awaitable<Done> perform(Operation operation);

    /// What is wrong with what a client can see: an error, damage, a listing that disagrees with
    /// the objects. Otherwise fills `seen` with the state of each key.
    using Seen = std::map<std::string, KeyState>;
    std::string observe(const Model& model, Seen& seen);
    /// Bodies that could not be read then, by their descriptions; all are listed as damaged (P11).
    /// Only with durability relaxed, otherwise each is something wrong.
    [[nodiscard]] const std::set<std::string>& damaged() const { return damaged_; }

    /// Releases what the garbage rows name and drops the rows, as the reclaimer does.
    base::Awaitable<Done> collect_garbage();

    storage::local::Engine& engine() { return *engine_; }

private:
    explicit World(storage::local::Durability durability) : durability_(durability) {}
    base::Awaitable<Done> make_bucket();
    base::Awaitable<Done> put(Operation operation);
    base::Awaitable<Done> remove(Operation operation);
    base::Awaitable<Done> create_upload(Operation operation);
    base::Awaitable<Done> put_part(Operation operation);
    base::Awaitable<Done> complete(Operation operation);
    base::Awaitable<storage::Result<storage::catalog::BodyWriter::Finished>> write_body(
        storage::crypto::DataKey key, storage::catalog::BodyWriter::Options options,
        std::string text);

    base::Awaitable<std::string> observe_key(const Model& model, std::string key, KeyState& seen);
    base::Awaitable<std::string> observe_object(std::string key, KeyState& seen);
    base::Awaitable<std::string> observe_upload(storage::catalog::UploadKey upload, KeyState& seen);
    base::Awaitable<std::string> check_listings(const Seen& seen);
    base::Awaitable<std::string> observe_body(
        base::Expected<storage::catalog::BodyReader, storage::catalog::CatalogError> reader,
        std::string content);
    static storage::Async<void> read_all(storage::catalog::BodyReader& reader, std::string& text);
    std::string note_damaged(const std::string& content, const storage::StorageError& failure);

    [[nodiscard]] storage::catalog::UploadKey upload_key(const Operation& operation) const {
        return {bucket_id_, operation.key, operation.upload_id};
    }

    const storage::local::Durability durability_;
    std::set<std::string> damaged_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    base::WorkerPool pool_{2};
    std::unique_ptr<storage::local::Engine> engine_;
    std::unique_ptr<storage::crypto::Keyring> keyring_;
    storage::catalog::GarbageList garbage_;
    std::unique_ptr<storage::catalog::Store> store_;
    std::unique_ptr<storage::catalog::Buckets> buckets_;
    std::unique_ptr<storage::catalog::Objects> objects_;
    std::unique_ptr<storage::catalog::Uploads> uploads_;
    std::string bucket_id_;
};

std::string describe(const storage::catalog::CatalogError& error);

}  // namespace holdfast::test::crash
