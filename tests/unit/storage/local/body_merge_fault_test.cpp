// Merging the rows of bodies while the index fails and is opened again, in a whole engine.

#include <future>
#include <thread>

#include "base/faulty_vfs.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using test::run;
using tests::EngineWorld;
using Cause = EngineCondition::Cause;

namespace {

constexpr int bodies = 200;
constexpr std::size_t body_bytes = 2000;

/// Bodies in a table, replaced by others in memory.
struct FaultyWorld {
    FaultyWorld() {
        world.start();
        put("1");
        world.stop();
        world.start();
        put("2");
    }
    void put(const std::string& version) {
        Transaction transaction;
        for (int number = 0; number < bodies; ++number)
            transaction.puts.push_back(Put{key_of(number), body_of(number, version)});
        REQUIRE(run(world.engine->metadata().commit("p", std::move(transaction))));
    }
    void check(const std::string& version) {
        std::vector<RowKey> keys;
        for (int number = 0; number < bodies; ++number) keys.push_back(key_of(number));
        const auto rows = run(world.engine->metadata().get("p", std::move(keys)));
        REQUIRE(rows);
        for (int number = 0; number < bodies; ++number) {
            const auto& row = rows->at(static_cast<std::size_t>(number));
            REQUIRE(row);
            REQUIRE(row->value == body_of(number, version));
        }
    }
    static RowKey key_of(int number) {
        return {RowFamily::body, "k" + std::to_string(1000 + number)};
    }
    static std::string body_of(int number, const std::string& version) {
        return version + std::to_string(number) + std::string(body_bytes, '.');
    }
    [[nodiscard]] std::vector<std::string> tables() const {
        auto names = world.names("index");
        std::erase_if(names, [](const std::string& name) { return !name.ends_with(".sst"); });
        return names;
    }
    Result<BodyMergeStep> merge() { return run(world.engine->upkeep().merge_bodies({})); }

    std::unique_ptr<base::Vfs> kernel = base::make_posix_vfs();
    EngineWorld world{std::make_unique<base::FaultyVfs>(*kernel)};
    base::FaultyVfs& faulty = static_cast<base::FaultyVfs&>(*world.vfs);
};

}  // namespace

TEST_CASE("fault: 2.5 a disk that fails a merge stops the writes before anybody has to try one",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.faulty.fail({"pwrite", ".sst", 1, EIO, true});
    const auto merged = f.merge();
    REQUIRE_FALSE(merged);
    CHECK(merged.error().kind == StorageError::Kind::io);
    CHECK(f.world.cause() == Cause::fault);
    CHECK(f.world.engine->condition().reason.find("merged") != std::string::npos);
    CHECK(f.world.engine->upkeep().index_failures() > 0);
    f.check("2");
    f.faulty.heal();
    CHECK(f.world.engine->resume() == std::nullopt);
    CHECK(f.world.engine->condition().writable());
    CHECK(f.merge());
    f.put("3");
    f.check("3");
}

TEST_CASE("fault: 2.5 the engine is reopened while a merge is under way", "[local][recovery]") {
    FaultyWorld f;
    REQUIRE(base::set_failpoints("rocksdb.compaction=pause;commit.wal.before=eio@1"));
    const auto tables_before = f.tables();
    auto merging = std::async(std::launch::async, [&] { return f.merge(); });
    while (f.tables() == tables_before) std::this_thread::yield();  // it begins with a flush
    REQUIRE_FALSE(f.world.put("doubtful", "1"));
    auto reopening = std::async(std::launch::async, [&] { return f.world.engine->resume(); });
    // It waits for the merge, and nobody counts as long as nothing is open.
    const auto is_over = [&] {
        return reopening.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    while (f.world.engine->statistics().commits > 0 && !is_over()) std::this_thread::yield();
    REQUIRE(base::set_failpoints(""));
    CHECK(reopening.get() == std::nullopt);
    const auto merged = merging.get();
    CHECK((merged || merged.error().kind == StorageError::Kind::unavailable));
    CHECK(f.world.engine->condition().writable());
    f.check("2");
    CHECK(f.merge());
    f.put("3");
    f.check("3");
}
