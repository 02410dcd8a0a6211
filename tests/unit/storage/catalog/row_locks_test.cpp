#include "storage/catalog/row_locks.h"

#include <boost/asio/post.hpp>
#include <thread>

#include "base/spawn.h"
#include "tests/unit/storage/catalog/fixture.h"

using namespace holdfast::test;
namespace asio = holdfast::base::asio;
namespace storage = holdfast::storage;
using holdfast::base::Awaitable;
using holdfast::base::spawn;

namespace {

/// The memory engine as a slow one: others run between any two steps of a write.
class SlowRows final : public storage::MetadataStore {
public:
    storage::Async<std::vector<std::optional<storage::Row>>> get(
        const storage::Partition& partition, std::vector<storage::RowKey> keys) override {
        auto found = co_await rows_->get(partition, std::move(keys));
        co_await let_others_run();
        co_return found;
    }
    storage::Async<storage::ScanPage> scan(const storage::Partition& partition,
                                           storage::ScanRange range) override {
        auto page = co_await rows_->scan(partition, std::move(range));
        co_await let_others_run();
        co_return page;
    }
    storage::Async<storage::RowVersion> commit(const storage::Partition& partition,
                                               storage::Transaction transaction) override {
        co_await let_others_run();
        co_return co_await rows_->commit(partition, std::move(transaction));
    }

private:
    static Awaitable<void> let_others_run() {
        const auto executor = co_await asio::this_coro::executor;
        for (int turn = 0; turn < 4; ++turn)
            co_await asio::post(executor, holdfast::base::use_awaitable);
    }
    std::unique_ptr<storage::MetadataStore> rows_ = storage::memory::make_metadata_store();
};

/// A catalog on slow rows that may be used by many loops.
struct SlowCatalog {
    Catalog c;
    SlowRows rows;
    // The fixture's own blobs and random numbers belong to one thread.
    std::unique_ptr<storage::BlobStore> blobs = storage::memory::make_blob_store();
    holdfast::base::SystemRandom random;
    catalog::Store store{rows, *blobs, *c.keyring, c.clock, random, c.garbage};
    catalog::Objects objects{store};
    catalog::Uploads uploads{store, objects};
    std::string bucket = make_bucket();

    std::string make_bucket() {
        catalog::Buckets buckets(store);
        records::Bucket record;
        record.set_name("photos");
        auto made = run(buckets.create(std::move(record)));
        REQUIRE(made);
        return (*made)->id();
    }
    Awaitable<bool> put(std::string key) {
        catalog::Objects::Write write;
        write.bucket_id = bucket;
        write.key = std::move(key);
        auto done = co_await objects.put(std::move(write));
        co_return done.has_value();
    }
    Awaitable<bool> remove(std::string key) {
        std::vector<catalog::Objects::Removal> removals(1);
        removals[0].key = std::move(key);
        auto done = co_await objects.remove(bucket, std::move(removals));
        co_return done.has_value();
    }
    catalog::UploadKey upload(std::string id) const { return {bucket, "hot", std::move(id)}; }
    Awaitable<bool> create(std::string id) {
        const auto named = upload(std::move(id));
        records::Upload record;
        auto done = co_await uploads.create(named, std::move(record));
        co_return done.has_value();
    }
    Awaitable<bool> put_part(std::string id, storage::RowVersion version) {
        catalog::Uploads::PartWrite write;
        write.upload = upload(std::move(id));
        write.upload_version = version;
        write.part.set_number(1);
        auto done = co_await uploads.put_part(std::move(write));
        co_return done.has_value();
    }
    Awaitable<bool> complete(std::string id) {
        catalog::Uploads::Completion completion;
        completion.upload = upload(std::move(id));
        completion.decide = [](const catalog::FoundUpload&, const std::vector<records::Part>&,
                               const catalog::FoundObject*) {
            std::optional<catalog::CompletionPlan> plan(std::in_place);
            plan->chosen = {0};
            return plan;
        };
        auto done = co_await uploads.complete(std::move(completion));
        co_return done.has_value();
    }
};

Awaitable<void> count_if_done(Awaitable<bool> write, std::atomic<int>& done) {
    const bool succeeded = co_await std::move(write);
    if (succeeded) ++done;
}

/// Runs them all at once, spread over four loops; how many succeeded.
int run_together(std::vector<Awaitable<bool>> writes) {
    std::atomic<int> done = 0;
    std::vector<std::unique_ptr<asio::io_context>> loops;
    for (int i = 0; i < 4; ++i) loops.push_back(std::make_unique<asio::io_context>(1));
    for (std::size_t i = 0; i < writes.size(); ++i)
        spawn(*loops[i % loops.size()], count_if_done(std::move(writes[i]), done));
    std::vector<std::thread> threads;
    for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
    for (auto& thread : threads) thread.join();
    return done;
}

}  // namespace

TEST_CASE("PutObject: 400 at once on one key from several loops all succeed", "[catalog][race]") {
    SlowCatalog slow;
    std::vector<Awaitable<bool>> writes;
    for (int i = 0; i < 400; ++i) writes.push_back(slow.put("hot"));
    CHECK(run_together(std::move(writes)) == 400);
    CHECK(slow.store.row_locks.held() == 0);
}

TEST_CASE("DeleteObject: 200 at once among PutObjects of the key all succeed", "[catalog][race]") {
    SlowCatalog slow;
    std::vector<Awaitable<bool>> writes;
    for (int i = 0; i < 200; ++i) {
        writes.push_back(slow.put("hot"));
        writes.push_back(slow.remove("hot"));
    }
    CHECK(run_together(std::move(writes)) == 400);
    CHECK(slow.store.row_locks.held() == 0);
}

TEST_CASE("Multipart: on a hot key uploads are created, filled and completed, UP-08, CPL-36",
          "[catalog][multipart][race]") {
    SlowCatalog slow;
    constexpr int uploads = 100;
    std::vector<Awaitable<bool>> creates;
    for (int i = 0; i < uploads; ++i) {
        creates.push_back(slow.create("upload-" + std::to_string(i)));
        creates.push_back(slow.put("hot"));
    }
    CHECK(run_together(std::move(creates)) == 2 * uploads);

    const auto filled = run(slow.uploads.find(slow.upload("upload-0")));
    REQUIRE(filled);
    std::vector<Awaitable<bool>> parts;
    for (int i = 0; i < 400; ++i) parts.push_back(slow.put_part("upload-0", filled->version));
    CHECK(run_together(std::move(parts)) == 400);

    std::vector<Awaitable<bool>> completes;
    for (int i = 0; i < uploads; ++i) {
        const auto id = "upload-" + std::to_string(i);
        const auto found = run(slow.uploads.find(slow.upload(id)));
        REQUIRE(found);
        REQUIRE(run(slow.put_part(id, found->version)));
        completes.push_back(slow.complete(id));
        completes.push_back(slow.put("hot"));
    }
    CHECK(run_together(std::move(completes)) == 2 * uploads);
    CHECK(slow.store.row_locks.held() == 0);
}

TEST_CASE("RowLocks: a row goes to who waits for it in the order they came", "[catalog]") {
    catalog::RowLocks locks;
    asio::io_context loop(1);
    std::string order;
    const auto wait = [&](char name) -> Awaitable<void> {
        const auto guard = co_await locks.lock("row");
        order.push_back(name);
        co_await asio::post(loop, holdfast::base::use_awaitable);
    };
    {
        const auto held = run(locks.lock("row"));
        const auto other = run(locks.lock("other"));
        CHECK(locks.held() == 2);
        for (const char name : {'a', 'b', 'c'}) spawn(loop, wait(name));
        loop.poll();
        CHECK(order.empty());
        CHECK(locks.is_held("row"));
    }
    loop.restart();
    loop.run();
    CHECK(order == "abc");
    CHECK(locks.held() == 0);
    CHECK_FALSE(locks.is_held("row"));
}

TEST_CASE("RowTurn: the first attempt goes at once, but not past those in line", "[catalog]") {
    catalog::RowLocks locks;
    asio::io_context loop(1);
    std::optional<catalog::RowTurn> first;
    first.emplace(locks, "b/1", "row");
    run(first->next_attempt());
    CHECK(locks.held() == 0);
    run(first->next_attempt());
    CHECK(locks.held() == 1);
    bool has_come = false;
    const auto come = [&](const char* row) -> Awaitable<void> {
        catalog::RowTurn turn(locks, "b/1", row);
        co_await turn.next_attempt();
        has_come = true;
    };
    spawn(loop, come("row"));
    loop.poll();
    CHECK_FALSE(has_come);
    SECTION("another row is not held up") {
        run(come("other"));
        CHECK(has_come);
        has_come = false;
    }
    first.reset();
    loop.restart();
    loop.run();
    CHECK(has_come);
    CHECK(locks.held() == 0);
}
