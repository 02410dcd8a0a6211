#include "base/sim_vfs.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "tests/catch.h"

using namespace holdfast::base;

namespace {

constexpr std::uint64_t seeds = 200;
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 20;

std::unique_ptr<VfsFile> make(SimVfs& vfs, const std::string& path) {
    auto file = vfs.open(path, OpenMode::create_exclusive, 0640);
    REQUIRE(file);
    return *std::move(file);
}

std::string content(Vfs& vfs, const std::string& path) {
    const auto bytes = read_file(vfs, path, bytes_max);
    REQUIRE(bytes);
    return std::string(as_text(*bytes));
}

bool there(Vfs& vfs, const std::string& path) {
    const auto found = vfs.exists(path);
    REQUIRE(found);
    return *found;
}

/// A file whose name and content a crash cannot touch.
std::unique_ptr<VfsFile> make_durable(SimVfs& vfs, const std::string& path,
                                      const std::string& text) {
    auto file = make(vfs, path);
    REQUIRE(file->pwrite(0, as_bytes(text)));
    REQUIRE(file->sync_data());
    REQUIRE(vfs.sync_directory("/"));
    return file;
}

}  // namespace

TEST_CASE("sim vfs: reads what was written, holes are zeros", "[base][vfs]") {
    SimVfs vfs;
    const auto file = make(vfs, "/a");
    REQUIRE(file->pwrite(10'000, as_bytes("here")));
    CHECK(*file->size() == 10'004);
    const auto text = content(vfs, "/a");
    CHECK(text.substr(10'000) == "here");
    CHECK(std::all_of(text.begin(), text.begin() + 10'000, [](char c) { return c == 0; }));
    CHECK(*file->allocated_bytes() == 4096);
}

TEST_CASE("sim vfs: synced data and a synced name survive every crash", "[base][vfs]") {
    SimVfs vfs;
    const auto file = make_durable(vfs, "/a", std::string(3000, 'x'));
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        CHECK(content(*vfs.crash(seed), "/a") == std::string(3000, 'x'));
}

TEST_CASE("sim vfs: an unsynced sector is new, old or torn, each on its own", "[base][vfs]") {
    SimVfs vfs;
    const auto file = make_durable(vfs, "/a", std::string(1024, 'x'));
    REQUIRE(file->pwrite(0, as_bytes(std::string(1024, 'y'))));
    std::set<std::string> fates;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto text = content(*vfs.crash(seed), "/a");
        REQUIRE(text.size() == 1024);
        std::string fate;
        for (const auto& sector : {text.substr(0, 512), text.substr(512)}) {
            const auto fresh = std::count(sector.begin(), sector.end(), 'y');
            CHECK(fresh + std::count(sector.begin(), sector.end(), 'x') == 512);
            fate += fresh == 0 ? 'o' : fresh == 512 ? 'n' : 't';
        }
        fates.insert(fate);
    }
    CHECK(fates.size() == 9);
}

TEST_CASE("sim vfs: an unsynced size lies between the old and the new one", "[base][vfs]") {
    SimVfs vfs;
    const auto file = make_durable(vfs, "/a", "0123456789");
    REQUIRE(file->pwrite(10, as_bytes("0123456789")));
    std::set<std::size_t> sizes;
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        sizes.insert(content(*vfs.crash(seed), "/a").size());
    CHECK(*sizes.begin() == 10);
    CHECK(*sizes.rbegin() == 20);
    CHECK(sizes.size() > 2);
}

TEST_CASE("sim vfs: a punched or cut range may come back until it is synced", "[base][vfs]") {
    SimVfs vfs;
    const auto file = make_durable(vfs, "/a", std::string(8192, 'x'));
    REQUIRE(file->punch_hole(0, 4096));
    CHECK(*file->allocated_bytes() == 4096);
    CHECK(content(vfs, "/a") == std::string(4096, '\0') + std::string(4096, 'x'));
    std::set<char> first_bytes;
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        first_bytes.insert(content(*vfs.crash(seed), "/a").front());
    CHECK(first_bytes == std::set<char>{'\0', 'x'});
    REQUIRE(file->sync_data());
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        CHECK(content(*vfs.crash(seed), "/a").front() == '\0');
}

TEST_CASE("sim vfs: names are certain only after their directory is synced", "[base][vfs]") {
    SimVfs vfs;
    make_durable(vfs, "/old", "old");
    const auto file = make(vfs, "/new");
    REQUIRE(file->pwrite(0, as_bytes("new")));
    REQUIRE(file->sync_data());
    REQUIRE(vfs.unlink("/old"));
    std::set<std::pair<bool, bool>> seen;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = vfs.crash(seed);
        seen.emplace(there(*left, "/old"), there(*left, "/new"));
    }
    CHECK(seen.size() == 4);
    REQUIRE(vfs.sync_directory("/"));
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = vfs.crash(seed);
        CHECK_FALSE(there(*left, "/old"));
        CHECK(content(*left, "/new") == "new");
    }
}

TEST_CASE("sim vfs: in ordered mode a later name never survives an earlier one", "[base][vfs]") {
    SimVfs::Options options;
    options.names = SimVfs::NameMode::ordered;
    SimVfs vfs(options);
    make(vfs, "/1");
    make(vfs, "/2");
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = vfs.crash(seed);
        if (there(*left, "/2")) CHECK(there(*left, "/1"));
    }
}

TEST_CASE("sim vfs: a rename is kept or lost as a whole", "[base][vfs]") {
    SimVfs vfs;
    make_durable(vfs, "/a", "old");
    const auto file = make(vfs, "/a.new");
    REQUIRE(file->pwrite(0, as_bytes("new")));
    REQUIRE(file->sync_data());
    REQUIRE(vfs.sync_directory("/"));
    REQUIRE(vfs.rename("/a.new", "/a"));
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = vfs.crash(seed);
        const auto text = content(*left, "/a");
        CHECK(there(*left, "/a.new") == (text == "old"));
        seen.insert(text);
    }
    CHECK(seen == std::set<std::string>{"old", "new"});
}

TEST_CASE("sim vfs: a directory whose name is lost takes its files along", "[base][vfs]") {
    SimVfs vfs;
    REQUIRE(vfs.make_directories("/data/segments"));
    make(vfs, "/data/segments/a");
    REQUIRE(vfs.sync_directory("/data/segments"));
    REQUIRE(vfs.sync_directory("/data"));
    bool lost = false;
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        lost = lost || !there(*vfs.crash(seed), "/data/segments/a");
    CHECK(lost);
    REQUIRE(vfs.sync_directory("/"));
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        CHECK(there(*vfs.crash(seed), "/data/segments/a"));
}

TEST_CASE("sim vfs: write_file_durably leaves the old or the new content", "[base][vfs]") {
    SimVfs vfs;
    REQUIRE(write_file_durably(vfs, "/a", as_bytes("old"), 0600));
    REQUIRE(write_file_durably(vfs, "/a", as_bytes("new"), 0600));
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        CHECK(content(*vfs.crash(seed), "/a") == "new");
}

TEST_CASE("sim vfs: lying syncs lose data", "[base][vfs]") {
    SimVfs::Options options;
    options.syncs_lie = true;
    SimVfs vfs(options);
    make_durable(vfs, "/a", std::string(4096, 'x'));
    bool lost = false;
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        lost = lost || content(*vfs.crash(seed), "/a") != std::string(4096, 'x');
    CHECK(lost);
}

TEST_CASE("sim vfs: a full disk takes nothing more until space comes back", "[base][vfs]") {
    SimVfs::Options options;
    options.space_bytes = 8192;
    SimVfs vfs(options);
    const auto file = make(vfs, "/a");
    REQUIRE(file->allocate(0, 8192));
    CHECK(vfs.space("/")->free_bytes == 0);
    const auto refused = file->pwrite(8192, as_bytes("x"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().out_of_space());
    CHECK(file->pwrite(0, as_bytes("x")));
    REQUIRE(vfs.unlink("/a"));
    CHECK(vfs.space("/")->free_bytes == 8192);
}

TEST_CASE("sim vfs: a second lock is refused until the first goes away", "[base][vfs]") {
    SimVfs vfs;
    auto first = vfs.lock("/lock");
    REQUIRE(first);
    const auto second = vfs.lock("/lock");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == EWOULDBLOCK);
    first->reset();
    CHECK(vfs.lock("/lock"));
}

TEST_CASE("sim vfs: a read from the medium cannot be had without waiting", "[base][vfs]") {
    SimVfs vfs;
    const auto file = make_durable(vfs, "/a", "text");
    Bytes buffer(4);
    CHECK(file->pread_nowait(0, buffer));
    REQUIRE(vfs.open("/a", OpenMode::read_medium, 0));
    CHECK(file->pread_nowait(0, buffer).error().code == EAGAIN);
    CHECK(file->pread(0, buffer));
    CHECK(file->pread_nowait(0, buffer));
}

TEST_CASE("sim vfs: a reservation changes nothing a reader sees, but needs room", "[base][vfs]") {
    SimVfs::Options options;
    options.space_bytes = 8192;
    SimVfs vfs(options);
    const auto file = make(vfs, "/a");
    REQUIRE(file->pwrite(0, as_bytes("text")));
    CHECK(file->reserve(4096, 4096));
    CHECK(file->reserve(0, 100'000).error().out_of_space());
    CHECK(content(vfs, "/a") == "text");
}

TEST_CASE("sim vfs: a file opened emptied has nothing of before", "[base][vfs]") {
    SimVfs vfs;
    make_durable(vfs, "/a", "text");
    const auto file = vfs.open("/a", OpenMode::create_empty, 0640);
    REQUIRE(file);
    CHECK(content(vfs, "/a").empty());
    REQUIRE((*file)->sync_data());
    CHECK(content(*vfs.crash(1), "/a").empty());
    CHECK(vfs.open("/b", OpenMode::create_empty, 0640));
}

TEST_CASE("sim vfs: a status tells files from directories and what is missing", "[base][vfs]") {
    SimVfs vfs;
    make_durable(vfs, "/a", "text");
    REQUIRE(vfs.make_directories("/b"));
    CHECK(vfs.status("/a")->size_bytes == 4);
    CHECK_FALSE(vfs.status("/a")->is_directory);
    CHECK(vfs.status("/b/")->is_directory);
    CHECK(vfs.status("/c").error().code == ENOENT);
}

TEST_CASE("sim vfs: a file that a rename replaces gives its space back", "[base][vfs]") {
    SimVfs vfs;
    REQUIRE(make(vfs, "/a")->pwrite(0, as_bytes("text")));
    const auto before = vfs.space("/")->free_bytes;
    REQUIRE(make(vfs, "/b")->pwrite(0, as_bytes("text")));
    REQUIRE(vfs.rename("/b", "/a"));
    CHECK(vfs.space("/")->free_bytes == before);
}

TEST_CASE("sim vfs: a directory is renamed with all that is in it, once its parent is synced",
          "[base][vfs]") {
    SimVfs vfs;
    REQUIRE(vfs.make_directories("/d/sub"));
    REQUIRE(vfs.sync_directory("/"));
    const auto file = make(vfs, "/d/sub/a");
    REQUIRE(file->pwrite(0, as_bytes("here")));
    REQUIRE(file->sync_data());
    const bool synced = GENERATE(false, true);
    if (synced) {
        REQUIRE(vfs.sync_directory("/d/sub"));
        REQUIRE(vfs.sync_directory("/d"));
    }
    REQUIRE(vfs.rename("/d", "/e"));
    CHECK_FALSE(there(vfs, "/d"));
    CHECK(content(vfs, "/e/sub/a") == "here");
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = vfs.crash(seed);
        CHECK(there(*left, "/d") != there(*left, "/e"));
        for (const char* path : {"/d", "/e", "/d/sub/a", "/e/sub/a"})
            if (there(*left, path)) seen.insert(path);
    }
    // What was not synced goes with the other name, or is lost.
    CHECK(seen.size() == (synced ? 4 : 3));
    REQUIRE(vfs.sync_directory("/"));
    std::size_t lost = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = vfs.crash(seed);
        CHECK(there(*left, "/e"));
        if (!there(*left, "/e/sub/a")) ++lost;
    }
    CHECK((lost > 0) == !synced);
    // What was not synced before can be under its new name.
    REQUIRE(vfs.sync_directory("/e"));
    REQUIRE(vfs.sync_directory("/e/sub"));
    for (std::uint64_t seed = 0; seed < seeds; ++seed)
        CHECK(content(*vfs.crash(seed), "/e/sub/a") == "here");
    CHECK(vfs.rename("/e", "/e/sub/a").error().code == ENOTDIR);
    REQUIRE(vfs.make_directories("/f"));
    CHECK(vfs.rename("/e", "/f").error().code == ENOTEMPTY);
    CHECK(vfs.rename("/e", "/no/where").error().code == ENOENT);
}

TEST_CASE("sim vfs: only an empty directory is removed, and a file knows its names",
          "[base][vfs]") {
    SimVfs vfs;
    REQUIRE(vfs.make_directories("/d"));
    const auto file = make(vfs, "/d/a");
    CHECK(*file->links() == 1);
    REQUIRE(vfs.link("/d/a", "/b"));
    CHECK(*file->links() == 2);
    CHECK(vfs.remove_directory("/d").error().code == ENOTEMPTY);
    CHECK(vfs.remove_directory("/b").error().code == ENOTDIR);
    CHECK(vfs.remove_directory("/c").error().code == ENOENT);
    CHECK(vfs.unlink("/d").error().code == EISDIR);
    REQUIRE(vfs.unlink("/d/a"));
    CHECK(*file->links() == 1);
    REQUIRE(vfs.remove_directory("/d"));
    CHECK_FALSE(there(vfs, "/d"));
}
