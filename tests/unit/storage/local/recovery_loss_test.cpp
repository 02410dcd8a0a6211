// Starts on an index that lost what it had acknowledged: found, told, nothing made worse.

#include "storage/local/highwater.h"
#include "storage/local/reattach_note.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using test::run;
using tests::EngineWorld;
using tests::overwrite;
using tests::SetFailpoints;
using Cause = EngineCondition::Cause;

namespace {

constexpr int commits = 40;
constexpr std::size_t page_bytes = 4096;

std::string key_of(int number) {
    return "key-" + std::to_string(1000 + number);
}

/// Values so long that each commit's record in the log takes exactly one page.
std::string page_filling_value() {
    EngineWorld world;
    constexpr std::size_t trial_bytes = 3000;
    world.start();
    REQUIRE(world.put(key_of(0), std::string(trial_bytes, 'v')));
    world.crash();
    const auto record_bytes = std::filesystem::file_size(world.newest_log());
    return std::string(page_bytes - (record_bytes - trial_bytes), 'v');
}

/// Forty commits, killed.
void fill(EngineWorld& world, const std::string& value = std::string(1000, 'v')) {
    world.start();
    for (int i = 0; i < commits; ++i) REQUIRE(world.put(key_of(i), value));
    world.crash();
}

/// Everything but the copies of the log.
std::vector<std::pair<std::string, std::string>> all_but_the_aside(const EngineWorld& world) {
    auto files = world.everything();
    std::erase_if(files, [](const auto& file) {
        return file.first.find("index-wal-aside") != std::string::npos;
    });
    return files;
}

/// What every start that found a loss owes, whatever the damage was.
void check_reads_only(EngineWorld& world, std::uint64_t missing_min) {
    const auto before = all_but_the_aside(world);
    world.start();
    const auto condition = world.engine->condition();
    CHECK(condition.cause == Cause::missing_commits);
    CHECK(condition.missing_commits >= missing_min);
    CHECK(condition.reason.find("commit") != std::string::npos);
    CHECK(condition.reason.find('\n') == std::string::npos);
    CHECK(world.get(key_of(0))->version == 1);
    const auto written = world.put("more", "");
    REQUIRE_FALSE(written);
    CHECK(written.error().kind == StorageError::Kind::read_only);
    CHECK(world.put_blob(1).error().kind == StorageError::Kind::read_only);
    // 2.6: nothing is given back either.
    CHECK(run(world.engine->blobs().release(BlobRef{})).error().kind ==
          StorageError::Kind::read_only);
    REQUIRE(world.engine->resume());
    CHECK(world.engine->resume()->find("missing") != std::string::npos);
    CHECK_FALSE(world.names("index-wal-aside").empty());
    CHECK(condition.wal_aside == world.path("index-wal-aside"));
    world.stop();
    // Nothing but the copies of the log was added, nothing was changed.
    CHECK(all_but_the_aside(world) == before);
}

}  // namespace

TEST_CASE("recovery: P12 a log whose end was never synced is no loss", "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    // A torn record of a commit that nobody acknowledged.
    const auto log = world.newest_log();
    const auto bytes = std::filesystem::file_size(log);
    overwrite(log, bytes, std::string(100, GENERATE('\0', 'x')));
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get(key_of(commits - 1))->version == commits);
    CHECK(world.put("more", ""));
    CHECK(world.names("index-wal-aside").empty());
}

TEST_CASE("recovery: 2.6 a page of zeros in the log is a hole that RocksDB opens and we do not",
          "[local][recovery][crash]") {
    EngineWorld world;
    fill(world, page_filling_value());
    // In the first block: what follows in it is passed over without a word, and the next block
    // begins with a whole record.
    overwrite(world.newest_log(), 3 * page_bytes, std::string(page_bytes, '\0'));
    check_reads_only(world, 1);
    check_reads_only(world, 1);
    // The newest ones are there: a start by numbers alone would have found nothing missing.
    world.start();
    CHECK(world.get(key_of(commits - 1))->version == commits);
    CHECK_FALSE(world.get(key_of(3)));
}

TEST_CASE("recovery: 2.6 a flipped byte in the log's middle", "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    const auto log = world.newest_log();
    overwrite(log, std::filesystem::file_size(log) / 2, "\xa5\x5a\xa5");
    check_reads_only(world, commits / 2 - 2);
}

TEST_CASE("recovery: 2.6 a log that is cut off, lost or empty", "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    // The first ones are in tables then, so that something can be read.
    world.start();
    world.stop();
    world.start();
    for (int i = 0; i < commits; ++i) REQUIRE(world.put("second-" + std::to_string(i), "v"));
    world.crash();
    const auto log = world.newest_log();
    const auto bytes = std::filesystem::file_size(log);
    SECTION("half of it") {
        std::filesystem::resize_file(log, bytes / 2);
    }
    SECTION("all of it") {
        std::filesystem::resize_file(log, 0);
    }
    check_reads_only(world, 1);
}

TEST_CASE("recovery: 2.6 a whole log file that is gone", "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    world.start();
    world.stop();
    world.start();
    REQUIRE(world.put("second", "v"));
    world.crash();
    REQUIRE(std::filesystem::remove(world.newest_log()));
    world.start();
    CHECK(world.cause() == Cause::missing_commits);
    CHECK(world.engine->condition().missing_commits == 1);
    CHECK(world.get(key_of(0)));
}

TEST_CASE("recovery: 2.6 a loss is also found after a clean stop", "[local][recovery]") {
    EngineWorld world;
    fill(world);
    world.start();
    REQUIRE(world.put("last", "v"));
    world.stop();
    std::filesystem::resize_file(world.newest_log(), 0);
    world.start();
    CHECK(world.cause() == Cause::missing_commits);
    CHECK(world.engine->condition().missing_commits == 1);
}

TEST_CASE("recovery: 2.6 a loss that an operator accepts is logged, and then over",
          "[local][recovery]") {
    EngineWorld world;
    fill(world);
    const auto log = world.newest_log();
    std::filesystem::resize_file(log, std::filesystem::file_size(log) / 2);
    check_reads_only(world, 1);
    world.options.accept_loss = true;
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.names("index-wal-aside").empty());
    const auto written = world.put("more", "");
    REQUIRE(written);
    // Blobs are ordered by these numbers: none that was lost comes a second time.
    CHECK(*written > commits);
    REQUIRE(world.put("and more", ""));
    world.crash();
    // From here on without that permission.
    world.options.accept_loss = false;
    for (int i = 0; i < 2; ++i) {
        world.start();
        CHECK(world.engine->condition().writable());
        CHECK(world.get("more")->version == *written);
        CHECK(world.get("and more")->version == *written + 1);
        world.crash();
    }
}

TEST_CASE("recovery: 2.6 while objects are being put back a loss is known to every start",
          "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    const auto log = world.newest_log();
    std::filesystem::resize_file(log, std::filesystem::file_size(log) / 2);
    world.options.accept_loss = true;
    world.options.reattach = true;
    world.start();
    const auto note = read_reattach_note(*world.vfs, world.options.directory);
    REQUIRE((note && *note));
    CHECK((*note)->commit_no > 0);
    CHECK((*note)->commit_no + (*note)->missing == commits);
    // More commits than were lost, so that nothing but the note tells.
    for (int i = 0; i < 2 * commits; ++i) REQUIRE(world.put("back-" + std::to_string(i), "v"));
    SECTION("killed") {
        world.crash();
    }
    SECTION("stopped") {
        world.stop();
    }
    world.options.accept_loss = false;
    world.options.reattach = false;
    check_reads_only(world, (*note)->missing);
    world.start();
    CHECK(world.engine->condition().reason.find("fsck --rebuild") != std::string::npos);
    CHECK(world.get("back-0"));
    // The second time it begins where the first one did.
    world.options.accept_loss = true;
    world.options.reattach = true;
    world.start();
    CHECK(world.engine->condition().writable());
    const auto again = read_reattach_note(*world.vfs, world.options.directory);
    REQUIRE((again && *again));
    CHECK((*again)->commit_no == (*note)->commit_no);
    REQUIRE(remove_reattach_note(*world.vfs, world.options.directory));
    world.stop();
    world.options.accept_loss = false;
    world.options.reattach = false;
    world.start();
    CHECK(world.engine->condition().writable());
}

TEST_CASE("recovery: the log is set aside before the first open after a crash, and only then",
          "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    {
        // The index does not open: what was set aside stays.
        const SetFailpoints failpoints("rocksdb.open=eio@2");
        CHECK(world.refusal().kind == OpenError::Kind::io);
    }
    CHECK_FALSE(world.names("index-wal-aside").empty());
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.names("index-wal-aside").empty());
    world.stop();
    {
        const SetFailpoints failpoints("rocksdb.open=eio@2");
        CHECK(world.refusal().kind == OpenError::Kind::io);
    }
    CHECK(world.names("index-wal-aside").empty());
}

TEST_CASE("recovery: a log that cannot be set aside does not keep whole data from being served",
          "[local][recovery]") {
    EngineWorld world;
    fill(world);
    const SetFailpoints failpoints("recovery.walcopy=enospc");
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get(key_of(commits - 1)));
}

TEST_CASE("recovery: a record that the replay refuses is a loss", "[local][recovery]") {
    EngineWorld world;
    fill(world);
    const SetFailpoints failpoints("recovery.replay=eio");
    world.start();
    CHECK(world.cause() == Cause::missing_commits);
    CHECK(world.engine->condition().missing_commits == commits);
}

TEST_CASE("recovery: C6 a second crash while the index opens is harmless",
          "[local][recovery][crash]") {
    EngineWorld world;
    fill(world);
    for (int i = 0; i < 3; ++i) {
        const SetFailpoints failpoints("rocksdb.open=eio@2");
        world.refusal();
    }
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get(key_of(commits - 1))->version == commits);
    CHECK(*world.put("more", "") == commits + 1);
}
