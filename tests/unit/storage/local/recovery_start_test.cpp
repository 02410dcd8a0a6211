// How an engine starts: read-only where it has to, and refusing what it cannot understand, with one
// line and without touching anything.

#include "base/sim_vfs.h"
#include "storage/local/highwater.h"
#include "tests/unit/storage/local/engine_support.h"
#include "tests/unit/storage/local/read_only_vfs.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using namespace std::chrono_literals;
using tests::EngineWorld;
using tests::overwrite;
using tests::SetFailpoints;
using Cause = EngineCondition::Cause;

namespace {

void fill(EngineWorld& world) {
    world.start();
    for (int i = 0; i < 20; ++i) REQUIRE(world.put("k" + std::to_string(i), "v"));
    REQUIRE(world.put_blob(1));
    world.stop();
    // Twice, so that some of it is in tables and some in the log.
    world.start();
    REQUIRE(world.put("before", "1"));
    world.crash();
}

void check_serves_reads(EngineWorld& world, Cause cause) {
    CHECK(world.cause() == cause);
    CHECK(world.get("before")->value == "1");
    CHECK(world.get("k7")->version == 8);
    CHECK(world.put("after", "2").error().kind == StorageError::Kind::read_only);
    CHECK(world.put_blob(2).error().kind == StorageError::Kind::read_only);
}

struct Damage {
    const char* name;
    OpenError::Kind kind;
    void (*inflict)(EngineWorld& world);
};

std::string index_file(const EngineWorld& world, const std::string& part) {
    for (const auto& name : world.names("index"))
        if (name.find(part) != std::string::npos) return world.path("index/" + name);
    FAIL("no " << part);
    return {};
}

void empty(const std::string& path) {
    std::filesystem::resize_file(path, 0);
}

void garble(const std::string& path) {
    overwrite(path, 0, std::string(std::filesystem::file_size(path), '\x5a'));
}

void halve(const std::string& path) {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}

void lose(const std::string& path) {
    REQUIRE(std::filesystem::remove_all(path) > 0);
}

using Kind = OpenError::Kind;

const Damage damages[] = {
    {"format empty", Kind::foreign_format, [](EngineWorld& w) { empty(w.path("format")); }},
    {"format garbled", Kind::foreign_format, [](EngineWorld& w) { garble(w.path("format")); }},
    {"format cut", Kind::damaged, [](EngineWorld& w) { halve(w.path("format")); }},
    {"format of the future", Kind::foreign_format,
     [](EngineWorld& w) { overwrite(w.path("format"), 16, "\x63"); }},
    {"format with another id", Kind::damaged,
     [](EngineWorld& w) { overwrite(w.path("format"), 20, "another volume.."); }},
    {"format gone", Kind::foreign_format, [](EngineWorld& w) { lose(w.path("format")); }},
    {"incarnation empty", Kind::damaged, [](EngineWorld& w) { empty(w.path("incarnation")); }},
    {"incarnation garbled", Kind::damaged, [](EngineWorld& w) { garble(w.path("incarnation")); }},
    {"incarnation gone", Kind::damaged, [](EngineWorld& w) { lose(w.path("incarnation")); }},
    {"segments gone", Kind::damaged, [](EngineWorld& w) { lose(w.path("segments")); }},
    {"index gone", Kind::damaged_index, [](EngineWorld& w) { lose(w.path("index")); }},
    {"CURRENT gone", Kind::damaged_index, [](EngineWorld& w) { lose(w.path("index/CURRENT")); }},
    {"CURRENT empty", Kind::damaged_index, [](EngineWorld& w) { empty(w.path("index/CURRENT")); }},
    {"CURRENT garbled", Kind::damaged_index,
     [](EngineWorld& w) { garble(w.path("index/CURRENT")); }},
    {"MANIFEST gone", Kind::damaged_index, [](EngineWorld& w) { lose(index_file(w, "MANIFEST")); }},
    {"MANIFEST empty", Kind::damaged_index,
     [](EngineWorld& w) { empty(index_file(w, "MANIFEST")); }},
    {"MANIFEST cut", Kind::damaged_index, [](EngineWorld& w) { halve(index_file(w, "MANIFEST")); }},
    {"MANIFEST garbled", Kind::damaged_index,
     [](EngineWorld& w) { garble(index_file(w, "MANIFEST")); }},
    {"a table gone", Kind::damaged_index, [](EngineWorld& w) { lose(index_file(w, ".sst")); }},
    {"a table empty", Kind::damaged_index, [](EngineWorld& w) { empty(index_file(w, ".sst")); }},
    {"a table cut", Kind::damaged_index, [](EngineWorld& w) { halve(index_file(w, ".sst")); }},
    {"a table garbled", Kind::damaged_index, [](EngineWorld& w) { garble(index_file(w, ".sst")); }},
};

}  // namespace

TEST_CASE("start: 2.5 damaged, foreign and newer data is refused with one line and not touched",
          "[local][recovery]") {
    EngineWorld world;
    fill(world);
    const auto whole = world.directory.file("whole");
    std::filesystem::copy(world.options.directory, whole, std::filesystem::copy_options::recursive);
    for (const auto& damage : damages) {
        CAPTURE(damage.name);
        std::filesystem::remove_all(world.options.directory);
        std::filesystem::copy(whole, world.options.directory,
                              std::filesystem::copy_options::recursive);
        damage.inflict(world);
        const auto before = world.everything();
        for (const bool read_only : {false, true}) {
            world.options.read_only = read_only;
            const auto refused = world.refusal();
            CHECK(refused.kind == damage.kind);
            CHECK_FALSE(refused.message.empty());
            CHECK(world.everything() == before);
        }
    }
}

TEST_CASE("start: 2.5 read-only by choice serves reads and writes nothing", "[local][recovery]") {
    EngineWorld world;
    fill(world);
    world.options.read_only = true;
    const auto before = world.everything();
    for (int round = 0; round < 2; ++round) {
        world.start();
        check_serves_reads(world, Cause::chosen);
        REQUIRE(world.engine->resume());
        world.stop();
        CHECK(world.everything() == before);
    }
    world.options.read_only = false;
    world.start();
    CHECK(world.put("after", "2"));
}

TEST_CASE("start: 2.5 a read-only file system is served when asked to, and refused otherwise",
          "[local][recovery]") {
    EngineWorld writer;
    fill(writer);
    EngineWorld world(std::make_unique<tests::ReadOnlyVfs>(*writer.vfs));
    world.options = writer.options;
    const auto before = writer.everything();
    const auto refused = world.refusal();
    CHECK(refused.kind == OpenError::Kind::read_only);
    world.options.read_only = true;
    world.start();
    check_serves_reads(world, Cause::chosen);
    world.stop();
    CHECK(writer.everything() == before);
}

TEST_CASE("start: 2.5 a directory in use is refused for reading too", "[local][recovery]") {
    EngineWorld world;
    fill(world);
    EngineWorld other;
    other.options = world.options;
    other.options.read_only = true;
    world.start();
    CHECK(other.refusal().kind == OpenError::Kind::in_use);
}

TEST_CASE("start: 3 the fifth start after a crash within a minute is read-only",
          "[local][recovery][crash]") {
    EngineWorld world;
    world.options.unclean_starts_max = 5;
    fill(world);
    // fill() left one crash behind, which no start followed yet.
    for (int start = 1; start <= 4; ++start) {
        world.start();
        CHECK(world.engine->condition().writable());
        world.crash();
    }
    for (int round = 0; round < 2; ++round) {
        world.start();
        check_serves_reads(world, Cause::crash_loop);
        CHECK(world.engine->condition().reason.find("crash") != std::string::npos);
        CHECK(world.engine->condition().gave_up);
        world.crash();
    }
    world.start();
    CHECK(world.engine->resume() == std::nullopt);
    CHECK(world.put("after", "2"));
    const auto blob = world.put_blob(3);
    REQUIRE(blob);
    CHECK(world.can_read(*blob));
    // A clean stop ends the loop.
    world.stop();
    world.start();
    CHECK(world.engine->condition().writable());
}

TEST_CASE("start: 3 starts that crash while the index opens count as well",
          "[local][recovery][crash]") {
    EngineWorld world;
    world.options.unclean_starts_max = 5;
    fill(world);
    for (int start = 1; start <= 4; ++start) {
        const SetFailpoints failpoints("rocksdb.open=throw@2");
        CHECK_THROWS(world.start());
    }
    world.start();
    check_serves_reads(world, Cause::crash_loop);
}

TEST_CASE("start: a clean marker that could not be written makes the next start careful",
          "[local][recovery]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("before", "1"));
    {
        const SetFailpoints failpoints("shutdown.marker=eio");
        world.stop();
    }
    const auto content = base::read_file(*world.vfs, world.path("incarnation"), 4096);
    REQUIRE(content);
    CHECK_FALSE(parse_incarnation(*content)->clean);
    world.start();
    CHECK(world.get("before")->value == "1");
}

TEST_CASE("start: flushes and compactions pass their failpoints", "[local][recovery]") {
    EngineWorld world;
    world.options.memtable_bytes = 1 << 20;
    world.start();
    for (int i = 0; i < 40; ++i)
        REQUIRE(world.put("k" + std::to_string(i), std::string(200'000, 'v')));
    const auto hit = [](const std::string& name) {
        const auto names = base::failpoints_hit();
        return std::binary_search(names.begin(), names.end(), name);
    };
    while (!hit("rocksdb.flush") || !hit("rocksdb.compaction"))
        REQUIRE(world.put("k", std::string(200'000, 'v')));
}

TEST_CASE("start: P1 after any power loss what was acknowledged is there, on a simulated disk",
          "[local][recovery][crash]") {
    base::SimVfs disk;
    constexpr int commits = 30;
    {
        EngineWorld world(disk.crash(0));
        world.options.directory = "/data";
        world.start();
        for (int i = 0; i < commits; ++i) REQUIRE(world.put("k" + std::to_string(i), "v"));
        for (std::uint64_t seed = 1; seed <= 15; ++seed) {
            CAPTURE(seed);
            EngineWorld after(static_cast<base::SimVfs&>(*world.vfs).crash(seed));
            after.options.directory = "/data";
            after.start();
            CHECK(after.engine->condition().writable());
            for (int i = 0; i < commits; ++i) REQUIRE(after.get("k" + std::to_string(i)));
        }
    }
}
