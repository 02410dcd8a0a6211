/// For tests of snapshots: an engine on a simulated disk that fails or loses its power, and what is
/// asked of snapshots.
#pragma once

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/unit/storage/local/engine_support.h"

namespace holdfast::tests {

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

inline storage::VolumeSnapshots& snapshots_of(EngineWorld& world) {
    return world.engine->upkeep().volume_snapshots();
}

inline base::Expected<storage::VolumeSnapshot, storage::SnapshotError> make(
    EngineWorld& world, const std::string& name, std::vector<std::string> files = {}) {
    return run(snapshots_of(world).create(name, std::move(files)));
}

inline storage::SnapshotError::Kind refusal_of(EngineWorld& world, const std::string& name) {
    const auto made = make(world, name);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find('\n') == std::string::npos);
    return made.error().kind;
}

inline base::Expected<void, storage::SnapshotError> remove(EngineWorld& world,
                                                           const std::string& name) {
    return run(snapshots_of(world).remove(name));
}

inline std::vector<std::string> names_of(EngineWorld& world) {
    std::vector<std::string> names;
    const auto found = run(snapshots_of(world).list());
    REQUIRE(found);
    for (const auto& snapshot : *found) names.push_back(snapshot.name);
    return names;
}

/// As `cp -a` does.
inline void copy_tree(base::Vfs& vfs, const std::string& from, const std::string& to) {
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
inline void go_on_with_a_copy(EngineWorld& world, const std::string& name) {
    const auto from = world.path("snapshots/" + name);
    const auto copy = world.options.directory + "-" + name;
    copy_tree(*world.vfs, from, copy);
    world.crash();
    world.options.directory = copy;
    world.start();
    CHECK(world.engine->condition().writable());
}

inline constexpr int rows = 30;

struct Filled {
    std::vector<storage::BlobRef> blobs;
};

inline Filled fill(EngineWorld& world) {
    Filled filled;
    for (int i = 0; i < rows; ++i) REQUIRE(world.put("k" + std::to_string(i), "v"));
    for (std::uint8_t i = 1; i <= 4; ++i) {
        auto blob = world.put_blob(i);
        REQUIRE(blob);
        filled.blobs.push_back(*std::move(blob));
    }
    return filled;
}

inline void check_filled(EngineWorld& world, const Filled& filled) {
    for (int i = 0; i < rows; ++i) {
        const auto row = world.get("k" + std::to_string(i));
        REQUIRE(row);
        CHECK(row->value == "v");
    }
    for (const auto& blob : filled.blobs) CHECK(world.can_read(blob));
}

inline storage::StorageError::Kind release_refused(EngineWorld& world,
                                                   const storage::BlobRef& blob) {
    const auto released = run(world.engine->blobs().release(blob));
    REQUIRE_FALSE(released);
    return released.error().kind;
}

inline std::uint64_t bytes_of_segments(EngineWorld& world) {
    std::uint64_t sum = 0;
    for (const auto& name : world.names("segments")) {
        const auto file = world.vfs->open(world.path("segments/" + name), base::OpenMode::read);
        REQUIRE(file);
        sum += (*file)->allocated_bytes().value_or(0);
    }
    return sum;
}

}  // namespace holdfast::tests
