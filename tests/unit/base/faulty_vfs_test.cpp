#include "base/faulty_vfs.h"

#include <cerrno>

#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast::base;

namespace {

struct Fixture {
    SimVfs below;
    FaultyVfs vfs{below};
    std::unique_ptr<VfsFile> file = *vfs.open("/a", OpenMode::create, 0640);
};

}  // namespace

TEST_CASE("faulty vfs: the nth matching call fails once, the others pass", "[base][vfs]") {
    Fixture fixture;
    auto& [below, vfs, file] = fixture;
    vfs.fail({"sync_data", "", 2, EIO, false});
    CHECK(file->sync_data());
    CHECK_FALSE(vfs.failed());
    CHECK(file->sync_data().error().code == EIO);
    CHECK(vfs.failed());
    CHECK(file->sync_data());
    CHECK(vfs.calls("sync_data") == 3);
}

TEST_CASE("faulty vfs: a lasting fault ends when it is healed", "[base][vfs]") {
    Fixture fixture;
    auto& [below, vfs, file] = fixture;
    vfs.fail({"", "", 1, ENOSPC, true});
    CHECK(file->allocate(0, 1).error().out_of_space());
    CHECK(vfs.unlink("/a").error().out_of_space());
    vfs.heal();
    CHECK(file->allocate(0, 1));
}

TEST_CASE("faulty vfs: only the named path fails", "[base][vfs]") {
    Fixture fixture;
    auto& [below, vfs, file] = fixture;
    vfs.fail({"open", "/b", 1, EMFILE, true});
    CHECK(vfs.open("/a", OpenMode::read, 0));
    CHECK(vfs.open("/b", OpenMode::create, 0640).error().code == EMFILE);
}

TEST_CASE("faulty vfs: a failed pwrite leaves half of its bytes", "[base][vfs]") {
    Fixture fixture;
    auto& [below, vfs, file] = fixture;
    vfs.fail({"pwrite", "", 1, EIO, false});
    CHECK(file->pwrite(0, as_bytes("abcdef")).error().code == EIO);
    CHECK(as_text(*read_file(below, "/a", 100)) == "abc");
}

TEST_CASE("faulty vfs: whoever watches is told of each call before it happens", "[base][vfs]") {
    SimVfs below;
    FaultyVfs vfs(below);
    std::string told;
    vfs.watch([&](const char* operation, const std::string& path) {
        told += std::string(operation) + " " + path + (*below.exists("/a") ? " there; " : "; ");
    });
    const auto file = vfs.open("/a", OpenMode::create, 0640);
    REQUIRE(file);
    REQUIRE((*file)->sync_data());
    CHECK(told == "open /a; sync_data /a there; ");
}
