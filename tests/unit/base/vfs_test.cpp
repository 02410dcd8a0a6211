#include "base/vfs.h"

#include <cerrno>
#include <set>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast::base;

namespace {

constexpr std::uint64_t seeds = 50;
constexpr std::uint64_t bytes_max = 1 << 20;

// Longer than a sector, so that a torn or missing one would show.
const std::string old_content(3'000, 'o');
const std::string new_content(5'000, 'n');

std::string content(Vfs& vfs, const std::string& path) {
    const auto bytes = read_file(vfs, path, bytes_max);
    REQUIRE(bytes);
    return std::string(as_text(*bytes));
}

IoResult<void> write(Vfs& vfs, const std::string& text) {
    return write_file_durably(vfs, "/d/a", as_bytes(text), 0600);
}

/// A disk on which /d/a has the old content for good.
std::unique_ptr<SimVfs> prepared(SimVfs::NameMode names) {
    SimVfs::Options options;
    options.names = names;
    auto vfs = std::make_unique<SimVfs>(options);
    REQUIRE(vfs->make_directories("/d"));
    REQUIRE(vfs->sync_directory("/"));
    REQUIRE(write(*vfs, old_content));
    return vfs;
}

struct States {
    std::set<std::string> seen;  ///< contents found after crashes in the middle of a write
    std::uint64_t writes = 0;    ///< until one was not interrupted any more
};

/// Power is lost at every call of the write, and each time the disk comes back in many ways.
States interrupt_everywhere(SimVfs::NameMode names) {
    States states;
    for (;;) {
        const auto disk = prepared(names);
        FaultyVfs vfs(*disk);
        vfs.fail({"", "", ++states.writes, EIO, true});
        const auto written = write(vfs, new_content);
        CHECK(written.has_value() == !vfs.failed());
        if (written) return states;
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
            INFO("call " << states.writes << ", seed " << seed);
            const auto left = disk->crash(seed);
            states.seen.insert(content(*left, "/d/a"));
            // What is left over does not keep the next attempt from succeeding.
            REQUIRE(write(*left, new_content));
            CHECK(content(*left->crash(seed), "/d/a") == new_content);
        }
    }
}

}  // namespace

TEST_CASE("vfs: write_file_durably is all or nothing wherever power is lost (P5)", "[base][vfs]") {
    for (const auto names : {SimVfs::NameMode::strict, SimVfs::NameMode::ordered}) {
        const auto states = interrupt_everywhere(names);
        CHECK(states.writes > 5);  // open, write, sync, rename and sync of the directory at least
        CHECK(states.seen == std::set<std::string>{old_content, new_content});
    }
}

TEST_CASE("vfs: what write_file_durably acknowledged survives every crash", "[base][vfs]") {
    const auto disk = prepared(SimVfs::NameMode::strict);
    REQUIRE(write(*disk, new_content));
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto left = disk->crash(seed);
        CHECK(content(*left, "/d/a") == new_content);
        CHECK(*left->list("/d") == std::vector<std::string>{"a"});
    }
}

TEST_CASE("vfs: a failed write_file_durably names the call and leaves nothing behind",
          "[base][vfs]") {
    for (const char* operation : {"open", "pwrite", "sync_data", "rename"}) {
        INFO(operation);
        const auto disk = prepared(SimVfs::NameMode::strict);
        FaultyVfs vfs(*disk);
        vfs.fail({operation, "/d/a.new", 1, ENOSPC, false});
        const auto written = write(vfs, new_content);
        REQUIRE_FALSE(written);
        CHECK(written.error().out_of_space());
        CHECK(written.error().operation == operation);
        CHECK(*disk->list("/d") == std::vector<std::string>{"a"});
        CHECK(content(*disk, "/d/a") == old_content);
    }
}

TEST_CASE("vfs: write_file_durably writes over what an earlier crash left", "[base][vfs]") {
    const auto disk = prepared(SimVfs::NameMode::strict);
    const auto leftover = disk->open("/d/a.new", OpenMode::create_exclusive, 0640);
    REQUIRE(leftover);
    REQUIRE((*leftover)->pwrite(0, as_bytes(std::string(9'000, 'x'))));
    REQUIRE(write(*disk, new_content));
    CHECK(content(*disk, "/d/a") == new_content);
    CHECK(*disk->list("/d") == std::vector<std::string>{"a"});
}

TEST_CASE("vfs: read_file takes a file of the most bytes and none of more", "[base][vfs]") {
    const auto disk = prepared(SimVfs::NameMode::strict);
    const auto whole = read_file(*disk, "/d/a", old_content.size());
    REQUIRE(whole);
    CHECK(as_text(*whole) == old_content);
    const auto refused = read_file(*disk, "/d/a", old_content.size() - 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == EFBIG);
    CHECK(refused.error().path == "/d/a");
    REQUIRE(write(*disk, ""));
    CHECK(read_file(*disk, "/d/a", 0)->empty());
}

TEST_CASE("vfs: read_file tells which call failed", "[base][vfs]") {
    const auto disk = prepared(SimVfs::NameMode::strict);
    CHECK(read_file(*disk, "/d/none", bytes_max).error().code == ENOENT);
    FaultyVfs vfs(*disk);
    for (const char* operation : {"open", "size", "pread"}) {
        vfs.fail({operation, "", 1, EIO, false});
        const auto failed = read_file(vfs, "/d/a", bytes_max);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().operation == operation);
        CHECK(failed.error().code == EIO);
    }
}

TEST_CASE("vfs: an error reads as operation, path and reason", "[base][vfs]") {
    CHECK(IoError{ENOSPC, "pwrite", "data/a"}.message() ==
          "pwrite data/a: No space left on device");
    CHECK(IoError{EIO, "sync", ""}.message() == "sync: Input/output error");
}

TEST_CASE("vfs: 2.5 a full disk and a full quota are out of space, nothing else is",
          "[base][vfs]") {
    for (const int code : {ENOSPC, EDQUOT}) CHECK(IoError{code, "pwrite", "a"}.out_of_space());
    for (const int code : {EIO, EROFS, EFBIG, EACCES, EMFILE, ENOMEM, 0})
        CHECK_FALSE(IoError{code, "pwrite", "a"}.out_of_space());
}
