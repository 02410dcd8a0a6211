// Snapshots of a whole volume: a copy of one starts, with all that was acknowledged before it was
// asked for, whatever happens to the original meanwhile and later.

#include <atomic>
#include <cerrno>
#include <thread>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "storage/local/file_tree.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using tests::await;
using tests::EngineWorld;
using tests::SetFailpoints;
using Kind = SnapshotError::Kind;

namespace {

/// A simulated disk that fails, or loses its power, when the test wants it to.
class TestDisk final : public base::Vfs {
public:
    TestDisk() : TestDisk(std::make_unique<base::SimVfs>()) {}
    explicit TestDisk(std::unique_ptr<base::SimVfs> sim) : sim_(std::move(sim)), faulty(*sim_) {}

    base::IoResult<std::unique_ptr<base::VfsFile>> open(const std::string& path,
                                                        base::OpenMode mode,
                                                        unsigned mode_bits) override {
        return faulty.open(path, mode, mode_bits);
    }
    base::IoResult<bool> exists(const std::string& path) override { return faulty.exists(path); }
    base::IoResult<base::FileStatus> status(const std::string& path) override {
        return faulty.status(path);
    }
    base::IoResult<std::vector<std::string>> list(const std::string& path) override {
        return faulty.list(path);
    }
    base::IoResult<void> make_directories(const std::string& path) override {
        return faulty.make_directories(path);
    }
    base::IoResult<void> remove_directory(const std::string& path) override {
        return faulty.remove_directory(path);
    }
    base::IoResult<void> rename(const std::string& from, const std::string& to) override {
        return faulty.rename(from, to);
    }
    base::IoResult<void> link(const std::string& from, const std::string& to) override {
        return faulty.link(from, to);
    }
    base::IoResult<void> unlink(const std::string& path) override { return faulty.unlink(path); }
    base::IoResult<void> sync_directory(const std::string& path) override {
        return faulty.sync_directory(path);
    }
    base::IoResult<base::FsSpace> space(const std::string& path) override {
        return faulty.space(path);
    }
    base::IoResult<std::unique_ptr<base::VfsLock>> lock(const std::string& path) override {
        return faulty.lock(path);
    }
    [[nodiscard]] std::unique_ptr<base::SimVfs> crash(std::uint64_t seed) const {
        return sim_->crash(seed);
    }

private:
    std::unique_ptr<base::SimVfs> sim_;

public:
    base::FaultyVfs faulty;
};

/// An engine on the simulated disk at /data.
struct SimWorld : EngineWorld {
    SimWorld() : SimWorld(std::make_unique<TestDisk>()) {}
    explicit SimWorld(std::unique_ptr<TestDisk> disk)
        : EngineWorld(std::move(disk)), test_disk(static_cast<TestDisk&>(*vfs)) {
        options.directory = "/data";
    }
    base::FaultyVfs& faulty() { return test_disk.faulty; }

    TestDisk& test_disk;
};

VolumeSnapshots& snapshots_of(EngineWorld& world) {
    return world.engine->upkeep().volume_snapshots();
}

base::Expected<VolumeSnapshot, SnapshotError> make(EngineWorld& world, const std::string& name,
                                                   std::vector<std::string> files = {}) {
    return await(snapshots_of(world).create(name, std::move(files)));
}

Kind refusal_of(EngineWorld& world, const std::string& name) {
    const auto made = make(world, name);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find('\n') == std::string::npos);
    return made.error().kind;
}

base::Expected<void, SnapshotError> remove(EngineWorld& world, const std::string& name) {
    return await(snapshots_of(world).remove(name));
}

std::vector<std::string> names_of(EngineWorld& world) {
    std::vector<std::string> names;
    const auto found = await(snapshots_of(world).list());
    REQUIRE(found);
    for (const auto& snapshot : *found) names.push_back(snapshot.name);
    return names;
}

/// As `cp -a` does.
void copy_tree(base::Vfs& vfs, const std::string& from, const std::string& to) {
    REQUIRE(vfs.make_directories(to));
    const auto names = vfs.list(from);
    REQUIRE(names);
    for (const auto& name : *names) {
        const auto source = from + "/" + name;
        const auto status = vfs.status(source);
        REQUIRE(status);
        if (status->is_directory) {
            copy_tree(vfs, source, to + "/" + name);
            continue;
        }
        const auto content = base::read_file(vfs, source, 1 << 30);
        REQUIRE(content);
        auto file = vfs.open(to + "/" + name, base::OpenMode::create_exclusive, 0640);
        REQUIRE(file);
        REQUIRE((*file)->pwrite(0, *content));
    }
}

/// The engine that was on the volume goes on with a copy of its snapshot.
void go_on_with_a_copy(EngineWorld& world, const std::string& name) {
    const auto from = world.path("snapshots/" + name);
    const auto copy = world.options.directory + "-" + name;
    copy_tree(*world.vfs, from, copy);
    world.crash();
    world.options.directory = copy;
    world.start();
    CHECK(world.engine->condition().writable());
}

constexpr int rows = 30;

struct Filled {
    std::vector<BlobRef> blobs;
};

Filled fill(EngineWorld& world) {
    Filled filled;
    for (int i = 0; i < rows; ++i) REQUIRE(world.put("k" + std::to_string(i), "v"));
    for (std::uint8_t i = 1; i <= 4; ++i) {
        auto blob = world.put_blob(i);
        REQUIRE(blob);
        filled.blobs.push_back(*std::move(blob));
    }
    return filled;
}

void check_filled(EngineWorld& world, const Filled& filled) {
    for (int i = 0; i < rows; ++i) {
        const auto row = world.get("k" + std::to_string(i));
        REQUIRE(row);
        CHECK(row->value == "v");
    }
    for (const auto& blob : filled.blobs) CHECK(world.can_read(blob));
}

StorageError::Kind release_refused(EngineWorld& world, const BlobRef& blob) {
    const auto released = await(world.engine->blobs().release(blob));
    REQUIRE_FALSE(released);
    return released.error().kind;
}

std::uint64_t bytes_of_segments(EngineWorld& world) {
    std::uint64_t sum = 0;
    for (const auto& name : world.names("segments")) {
        const auto file = world.vfs->open(world.path("segments/" + name), base::OpenMode::read);
        REQUIRE(file);
        sum += (*file)->allocated_bytes().value_or(0);
    }
    return sum;
}

}  // namespace

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
    const auto infos = await(world.engine->upkeep().segments());
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
        for (const auto& blob : filled.blobs) CHECK(await(world.engine->blobs().release(blob)));
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
    CHECK(await(world.engine->blobs().release(filled.blobs[0])));
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
    auto writer = await(world.engine->blobs().create(options));
    REQUIRE(writer);
    REQUIRE(make(world, "one"));
    EngineWorld other(std::make_unique<base::FaultyVfs>(world.faulty()));
    other.options.directory = "/data/snapshots/one";
    other.start();
    const base::Bytes frame(1000, 2);
    REQUIRE(await((*writer)->append(frame)));
    const auto ref = await((*writer)->finish(BlobIdentity{"p", "k", "record"}));
    REQUIRE(ref);
    // Whatever it does with a segment that it takes for one of an earlier run, it has done then.
    const auto segments = await(other.engine->upkeep().segments());
    REQUIRE(segments);
    for (const auto& segment : *segments)
        REQUIRE(await(other.engine->upkeep().trim(
            segment.number, {Extent{segment.number, 0, segment.size_bytes}})));
    other.stop();
    CHECK(world.can_read(*ref));
    writer->reset();
}

TEST_CASE("snapshot: a deletion that failed in the middle goes on when it is asked for again",
          "[local][snapshot][fault]") {
    SimWorld world;
    world.start();
    REQUIRE(world.put_blob(1));
    REQUIRE(make(world, "one"));
    world.faulty().fail({"remove_directory", ".deleting", 1, EIO, false});
    CHECK_FALSE(remove(world, "one"));
    CHECK(world.faulty().failed());
    const auto again = remove(world, "one");
    CHECK((again || again.error().kind == Kind::not_there));
    CHECK(names_of(world).empty());
    CHECK_FALSE(*world.vfs->exists("/data/snapshots/.deleting"));
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
        world.faulty().fail({"pwrite", "/snapshots/", 1, ENOSPC, true});
        CHECK(refusal_of(world, "b") == Kind::out_of_space);
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

TEST_CASE("snapshot: injected failures leave nothing of it", "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    for (const char* failpoint :
         {"snapshot.index=eio", "snapshot.segment=enospc", "snapshot.publish=eio"}) {
        CAPTURE(failpoint);
        const SetFailpoints set(failpoint);
        CHECK_FALSE(make(world, "s"));
        CHECK(world.names("snapshots").empty());
    }
    // Nothing is held for one that did not come to be.
    CHECK(await(world.engine->blobs().release(filled.blobs[0])));
    REQUIRE(make(world, "s"));
    const SetFailpoints slow("snapshot.delete=delay:1");
    REQUIRE(remove(world, "s"));
}

TEST_CASE("snapshot: whichever call fails, it is whole or not there, and another one can be made",
          "[local][snapshot][fault]") {
    const auto operation = GENERATE(as<std::string>{}, "link", "pwrite", "open", "sync_data",
                                    "sync_directory", "rename", "make_directories", "list");
    SimWorld world;
    world.start();
    const auto filled = fill(world);
    for (std::uint64_t nth = 1;; ++nth) {
        CAPTURE(operation, nth);
        REQUIRE(nth < 1000);
        world.faulty().fail({operation, "/data/snapshots", nth, EIO, false});
        const auto made = make(world, "s");
        const bool met = world.faulty().failed();
        world.faulty().heal();
        const bool there = !names_of(world).empty();
        CHECK(made.has_value() == there);
        if (!met) {
            REQUIRE(made);
            break;
        }
        if (there) REQUIRE(remove(world, "s"));
    }
    CHECK(world.engine->condition().writable());
    go_on_with_a_copy(world, "s");
    check_filled(world, filled);
}

TEST_CASE("snapshot: 2.3.8 power lost at any moment of making one leaves a whole one or none",
          "[local][snapshot][crash]") {
    SimWorld world;
    world.start();
    const auto filled = fill(world);
    std::vector<std::unique_ptr<base::SimVfs>> survivors;
    std::atomic<std::uint64_t> calls = 0;
    const auto seed =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    CAPTURE(seed);
    world.faulty().watch([&](const char*, const std::string& path) {
        if (path.find("/snapshots") == std::string::npos) return;
        survivors.push_back(world.test_disk.crash(seed + ++calls));
    });
    REQUIRE(make(world, "s"));
    world.faulty().watch(nullptr);
    // From here on it is durable.
    for (std::uint64_t i = 0; i < 10; ++i) survivors.push_back(world.test_disk.crash(seed - i));
    const auto asked_last = survivors.size() - 10;
    std::size_t whole = 0;
    for (std::size_t i = 0; i < survivors.size(); ++i) {
        CAPTURE(i);
        SimWorld after(std::make_unique<TestDisk>(std::move(survivors[i])));
        after.start();
        check_filled(after, filled);
        const bool there = !names_of(after).empty();
        CHECK((there || i < asked_last));
        if (there) {
            ++whole;
            go_on_with_a_copy(after, "s");
            check_filled(after, filled);
        } else {
            REQUIRE(make(after, "s"));  // also of what was left
            CHECK(*after.vfs->list("/data/snapshots") == std::vector<std::string>{"s"});
        }
    }
    CHECK(whole >= 10);
}

TEST_CASE("snapshot: power lost at any moment of deleting one leaves a whole one or none",
          "[local][snapshot][crash]") {
    SimWorld world;
    world.start();
    const auto filled = fill(world);
    REQUIRE(make(world, "s"));
    std::vector<std::unique_ptr<base::SimVfs>> survivors;
    std::uint64_t seed = 0;
    world.faulty().watch([&](const char*, const std::string& path) {
        if (path.find("/snapshots") == std::string::npos) return;
        survivors.push_back(world.test_disk.crash(++seed));
    });
    REQUIRE(remove(world, "s"));
    world.faulty().watch(nullptr);
    for (auto& survivor : survivors) {
        SimWorld after(std::make_unique<TestDisk>(std::move(survivor)));
        after.start();
        check_filled(after, filled);
        if (names_of(after).empty()) continue;
        go_on_with_a_copy(after, "s");
        check_filled(after, filled);
    }
}

TEST_CASE("snapshot: a start removes what a crash left, in the background", "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    REQUIRE(make(world, "s"));
    world.crash();
    std::filesystem::rename(world.path("snapshots/s"), world.path("snapshots/.making"));
    std::filesystem::create_directories(world.path("snapshots/.deleting/index"));
    world.start();
    world.stop();  // which waits for it
    CHECK(world.names("snapshots").empty());
    world.start();
    CHECK(await(world.engine->blobs().release(filled.blobs[0])));
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
