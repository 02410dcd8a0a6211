// Snapshots of a whole volume: a copy of one starts, with all that was acknowledged before it was
// asked for, whatever happens to the original meanwhile and later.

#include <atomic>
#include <thread>

#include "storage/local/file_tree.h"
#include "tests/unit/storage/local/snapshot_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using namespace holdfast::tests;
using Kind = SnapshotError::Kind;

TEST_CASE("snapshot: 2.3.8 a copy starts with what was acknowledged before, and nothing later",
          "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    const auto made = make(world, "monday");
    REQUIRE(made);
    CHECK(made->name == "monday");
    CHECK(made->commit_no == rows);
    CHECK(made->segments >= 1);
    CHECK(made->made >= world.clock.wall() - std::chrono::minutes(1));
    REQUIRE(world.put("k0", "later"));
    REQUIRE(world.put("later", "v"));
    const auto later = world.put_blob(9);
    REQUIRE(later);
    CHECK(later->extents[0].segment != filled.blobs[0].extents[0].segment);
    CHECK(names_of(world) == std::vector<std::string>{"monday"});
    go_on_with_a_copy(world, "monday");
    check_filled(world, filled);
    CHECK_FALSE(world.get("later"));
    CHECK_FALSE(world.can_read(*later));
    // It is a volume as any other.
    REQUIRE(world.put("on", "v"));
    REQUIRE(world.put_blob(10));
    CHECK(names_of(world).empty());
    world.stop();
    world.start();
    check_filled(world, filled);
    CHECK(world.get("on"));
}

TEST_CASE("snapshot: files of the server are copied, for the owner's eyes only",
          "[local][snapshot]") {
    EngineWorld world;
    world.start();
    std::ofstream(world.path("keyring")) << "secret";
    REQUIRE(make(world, "s", {"keyring", "root-credentials"}));
    const auto copy = world.path("snapshots/s/keyring");
    std::ifstream stream(copy);
    CHECK(std::string(std::istreambuf_iterator<char>(stream), {}) == "secret");
    CHECK(std::filesystem::status(copy).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(world.names("snapshots/s") == std::vector<std::string>{"format", "highwater",
                                                                 "incarnation", "index", "keyring",
                                                                 "segments"});
}

TEST_CASE("snapshot: 2.3.8 what it has is held until it is deleted, also by a later run",
          "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    REQUIRE(make(world, "a"));
    REQUIRE(make(world, "b"));
    const bool restarted = GENERATE(false, true);
    if (restarted) {
        world.crash();
        world.start();
    }
    CHECK(release_refused(world, filled.blobs[0]) == StorageError::Kind::held);
    CHECK(world.can_read(filled.blobs[0]));
    REQUIRE(remove(world, "a"));
    CHECK(release_refused(world, filled.blobs[0]) == StorageError::Kind::held);
    const auto infos = run(world.engine->upkeep().segments());
    REQUIRE(infos);
    for (const auto& info : *infos) CHECK(info.held == (info.number >> 32 == 1));
    SECTION("and the other one is whole") {
        go_on_with_a_copy(world, "b");
        check_filled(world, filled);
    }
    SECTION("and then it comes back") {
        REQUIRE(remove(world, "b"));
        CHECK(names_of(world).empty());
        CHECK(bytes_of_segments(world) > 0);
        for (const auto& blob : filled.blobs) CHECK(run(world.engine->blobs().release(blob)));
        CHECK(bytes_of_segments(world) == 0);
    }
}

TEST_CASE("snapshot: one that was moved out of the directory is held all the same",
          "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    REQUIRE(make(world, "s"));
    std::filesystem::rename(world.path("snapshots/s"), world.directory.file("moved"));
    world.crash();
    world.start();
    CHECK(names_of(world).empty());
    CHECK(release_refused(world, filled.blobs[0]) == StorageError::Kind::held);
    std::filesystem::remove_all(world.directory.file("moved"));
    CHECK(run(world.engine->blobs().release(filled.blobs[0])));
}

TEST_CASE("snapshot: a server on the snapshot itself takes nothing from the one that made it",
          "[local][snapshot]") {
    SimWorld world;
    world.start();
    REQUIRE(world.put_blob(1));
    BlobOptions options;
    options.id[0] = 2;
    options.frame_bytes = 65536;
    options.expected_stored_bytes = 1000;
    // It has its place in the segment, and nothing in it yet.
    auto writer = run(world.engine->blobs().create(options));
    REQUIRE(writer);
    REQUIRE(make(world, "one"));
    base::Vfs& disk = world.faulty();
    EngineWorld other(std::make_unique<base::FaultyVfs>(disk));
    other.options.directory = "/data/snapshots/one";
    other.start();
    const base::Bytes frame(1000, 2);
    REQUIRE(run((*writer)->append(frame)));
    const auto ref = run((*writer)->finish(BlobIdentity{"p", "k", "record"}));
    REQUIRE(ref);
    // Whatever it does with a segment that it takes for one of an earlier run, it has done then.
    const auto segments = run(other.engine->upkeep().segments());
    REQUIRE(segments);
    for (const auto& segment : *segments)
        REQUIRE(run(other.engine->upkeep().trim(segment.number,
                                                {Extent{segment.number, 0, segment.size_bytes}})));
    other.stop();
    CHECK(world.can_read(*ref));
    writer->reset();
}

TEST_CASE("snapshot: what cannot be is refused by name", "[local][snapshot]") {
    SimWorld world;
    world.start();
    fill(world);
    for (const char* name : {"", ".", "..", ".making", "-a", "a/b", "a b", "\xc3\xa4"})
        CHECK(refusal_of(world, name) == Kind::bad_name);
    CHECK(refusal_of(world, std::string(65, 'a')) == Kind::bad_name);
    REQUIRE(make(world, std::string(64, 'a')));
    CHECK(refusal_of(world, std::string(64, 'a')) == Kind::taken);
    CHECK(remove(world, "b").error().kind == Kind::not_there);
    CHECK(remove(world, ".making").error().kind == Kind::bad_name);
    SECTION("a file system without hard links") {
        world.faulty().fail({"link", "/data/", 1, EPERM, true});
        const auto made = make(world, "b");
        REQUIRE_FALSE(made);
        CHECK(made.error().message.find("hard links") != std::string::npos);
    }
    SECTION("segments on another file system") {
        world.faulty().fail({"link", ".segment", 1, EXDEV, true});
        const auto made = make(world, "b");
        REQUIRE_FALSE(made);
        CHECK(made.error().message.find("hard links") != std::string::npos);
    }
    SECTION("a full disk") {
        for (const int code : {ENOSPC, EDQUOT}) {
            world.faulty().fail({"pwrite", "/snapshots/", 1, code, true});
            CHECK(refusal_of(world, "b") == Kind::out_of_space);
            world.faulty().heal();
        }
    }
    SECTION("a file system that turned read-only") {
        world.faulty().fail({"make_directories", "/snapshots", 1, EROFS, true});
        CHECK(refusal_of(world, "b") == Kind::read_only);
    }
    SECTION("a disk that gets full in the middle of the index") {
        world.faulty().fail({"pwrite", "/snapshots/.making/index", 2, ENOSPC, true});
        CHECK(refusal_of(world, "b") == Kind::out_of_space);
    }
    SECTION("less than the reserve is free") {
        world.crash();
        world.options.free_space_reserve_bytes = std::uint64_t{1} << 41;
        world.start();
        CHECK(refusal_of(world, "b") == Kind::out_of_space);
    }
    SECTION("a server that was started to write nothing") {
        world.crash();
        world.options.read_only = true;
        world.start();
        CHECK(refusal_of(world, "b") == Kind::read_only);
        CHECK(remove(world, std::string(64, 'a')).error().kind == Kind::read_only);
        CHECK(names_of(world).size() == 1);
    }
    SECTION("after a failed write of the index") {
        world.faulty().fail({"sync_data", ".log", 1, EIO, true});
        REQUIRE_FALSE(world.put("k", "v"));
        CHECK(refusal_of(world, "b") == Kind::read_only);
    }
    world.faulty().heal();
    CHECK(world.vfs->list("/data/snapshots")->size() == 1);  // and nothing else is left
}

TEST_CASE(
    "snapshot: 2.3.8 made under load it has all that was acknowledged, in the order of commits",
    "[local][snapshot]") {
    EngineWorld world;
    const auto durability = GENERATE(Durability::strict, Durability::batched, Durability::relaxed);
    world.options.durability = durability;
    world.start();
    constexpr int writers = 4;
    std::array<std::atomic<int>, writers> acked{};
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&, writer] {
            for (int i = 1; !stop; ++i) {
                const auto key = "w" + std::to_string(writer);
                // Each commit says what the one before it was.
                if (!world.put(key, std::to_string(i))) return;
                if (!world.put(key + "-" + std::to_string(i), std::string(3000, 'x'))) return;
                acked[writer] = i;
            }
        });
    std::vector<std::array<int, writers>> before;
    for (int i = 0; i < 4; ++i) {
        while (acked[0] < (i + 1) * 50) std::this_thread::yield();
        auto& known = before.emplace_back();
        for (int writer = 0; writer < writers; ++writer) known[writer] = acked[writer];
        REQUIRE(make(world, "s" + std::to_string(i)));
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    const auto original = world.options.directory;
    for (int i = 0; i < 4; ++i) {
        CAPTURE(i);
        world.options.directory = original;
        go_on_with_a_copy(world, "s" + std::to_string(i));
        for (int writer = 0; writer < writers; ++writer) {
            const auto key = "w" + std::to_string(writer);
            const auto row = world.get(key);
            const int last = row ? std::stoi(row->value) : 0;
            CHECK(last >= before[i][writer]);
            for (int n = 1; n < last; ++n) REQUIRE(world.get(key + "-" + std::to_string(n)));
            CHECK_FALSE(world.get(key + "-" + std::to_string(last + 1)));
        }
    }
}
