/// What the tests of the whole engine share: one on a disk of the test's choice, rows in it, and
/// its index' log files to be damaged.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/failpoint.h"
#include "storage/local/engine.h"
#include "storage/local/volume.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"
#include "tests/unit/storage/local/row_support.h"

namespace holdfast::tests {

class SetFailpoints {
public:
    explicit SetFailpoints(const char* specification) {
        REQUIRE(base::set_failpoints(specification));
    }
    SetFailpoints(const SetFailpoints&) = delete;
    SetFailpoints& operator=(const SetFailpoints&) = delete;
    ~SetFailpoints() { base::set_failpoints(""); }
};

/// Engines on one directory, one after the other.
class EngineWorld {
public:
    EngineWorld() : EngineWorld(base::make_posix_vfs()) {}
    explicit EngineWorld(std::unique_ptr<base::Vfs> disk) : vfs(std::move(disk)) {
        options.directory = directory.file("data");
        options.segment_bytes = 4 << 20;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 8 << 20;
        options.memtable_bytes = 8 << 20;
        // What comes back comes back when the test asks, unless it says otherwise.
        options.reopen_delay = std::chrono::hours(1);
    }
    ~EngineWorld() {
        engine.reset();
        pool.join();
    }
    EngineWorld(const EngineWorld&) = delete;
    EngineWorld& operator=(const EngineWorld&) = delete;

    void start() {
        engine.reset();
        auto opened = storage::local::Engine::open(options, *vfs, clock, random, pool);
        if (!opened) FAIL(opened.error().message);
        engine = *std::move(opened);
    }
    storage::local::OpenError refusal() {
        engine.reset();
        const auto opened = storage::local::Engine::open(options, *vfs, clock, random, pool);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().message.find('\n') == std::string::npos);
        return opened.error();
    }
    /// As SIGKILL would.
    void crash() { engine.reset(); }
    void stop() {
        engine->close();
        engine.reset();
    }

    storage::Result<storage::RowVersion> put(const std::string& key, const std::string& value) {
        return run(engine->metadata().commit("p", put_of(key, value)));
    }
    storage::Result<std::optional<storage::Row>> try_get(const std::string& key) {
        std::vector<storage::RowKey> keys{{storage::RowFamily::index, key}};
        auto rows = run(engine->metadata().get("p", std::move(keys)));
        if (!rows) return std::move(rows).error();
        return std::move(rows->at(0));
    }
    std::optional<storage::Row> get(const std::string& key) {
        auto row = try_get(key);
        if (!row) FAIL(row.error().detail);
        return *std::move(row);
    }
    storage::Result<storage::ScanPage> scan(const std::string& begin, const std::string& end) {
        return run(engine->metadata().scan("p", storage::ScanRange{begin, end}));
    }
    storage::Result<storage::BlobRef> put_blob(std::uint8_t number) {
        storage::BlobOptions blob;
        blob.id[0] = number;
        blob.frame_bytes = 65536;
        auto writer = run(engine->blobs().create(blob));
        if (!writer) return std::move(writer).error();
        const base::Bytes frame(1000, number);
        if (auto done = run((*writer)->append(frame)); !done) return std::move(done).error();
        const storage::BlobIdentity identity{"p", "k", "record"};
        return run((*writer)->finish(identity));
    }
    bool can_read(const storage::BlobRef& ref) {
        auto reader = run(engine->blobs().open(ref));
        if (!reader) return false;
        base::Bytes back(65536);
        const auto got = run((*reader)->read(0, 1, back));
        return got && *got == 1000 && back[999] == ref.id[0];
    }
    storage::EngineCondition::Cause cause() { return engine->condition().cause; }

    [[nodiscard]] std::string path(const std::string& name) const {
        return options.directory + "/" + name;
    }
    [[nodiscard]] std::vector<std::string> names(const std::string& name) const {
        std::vector<std::string> found;
        if (!std::filesystem::exists(path(name))) return found;
        for (const auto& entry : std::filesystem::directory_iterator(path(name)))
            found.push_back(entry.path().filename());
        std::sort(found.begin(), found.end());
        return found;
    }
    /// The log file that has the newest commits.
    [[nodiscard]] std::string newest_log() const {
        std::string newest;
        for (const auto& name : names("index"))
            if (name.ends_with(".log")) newest = path("index/" + name);
        REQUIRE_FALSE(newest.empty());
        return newest;
    }
    /// Every file below the directory and what is in it.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> everything() const {
        std::vector<std::pair<std::string, std::string>> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(options.directory)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream stream(entry.path(), std::ios::binary);
            files.emplace_back(entry.path(), std::string(std::istreambuf_iterator<char>(stream),
                                                         std::istreambuf_iterator<char>()));
        }
        std::sort(files.begin(), files.end());
        return files;
    }

    TemporaryDirectory directory;
    std::unique_ptr<base::Vfs> vfs;
    base::SystemClock clock;
    base::SystemRandom random;
    base::WorkerPool pool{4};
    storage::local::EngineOptions options;
    std::unique_ptr<storage::local::Engine> engine;
};

inline void overwrite(const std::string& path, std::uint64_t offset, const std::string& bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.good());
}

}  // namespace holdfast::tests
