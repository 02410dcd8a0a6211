#include <cerrno>

#include "base/vfs.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast::base;

namespace {

struct Fixture {
    holdfast::tests::TemporaryDirectory directory;
    std::unique_ptr<Vfs> vfs = make_posix_vfs();

    std::unique_ptr<VfsFile> make(const std::string& name) {
        auto file = vfs->open(directory.file(name), OpenMode::create_exclusive, 0600);
        REQUIRE(file);
        return *std::move(file);
    }
};

template <class T>
int code_of(const IoResult<T>& result) {
    REQUIRE_FALSE(result);
    return result.error().code;
}

}  // namespace

TEST_CASE("posix vfs: the open modes make, demand and refuse files", "[base][vfs]") {
    Fixture fixture;
    auto& vfs = *fixture.vfs;
    const auto path = fixture.directory.file("a");
    CHECK(code_of(vfs.open(path, OpenMode::read)) == ENOENT);
    CHECK(code_of(vfs.open(path, OpenMode::read_write)) == ENOENT);
    CHECK(vfs.open(path, OpenMode::create_exclusive));
    CHECK(code_of(vfs.open(path, OpenMode::create_exclusive)) == EEXIST);
    CHECK(vfs.open(path, OpenMode::create));
    const auto reader = vfs.open(path, OpenMode::read);
    REQUIRE(reader);
    CHECK(code_of((*reader)->pwrite(0, as_bytes("x"))) == EBADF);
}

TEST_CASE("posix vfs: writes are read back, short only at the end", "[base][vfs]") {
    Fixture fixture;
    const auto file = fixture.make("a");
    REQUIRE(file->pwrite(3, as_bytes("text")));
    REQUIRE(file->sync_data());
    Bytes buffer(10);
    const auto got = file->pread(0, buffer);
    REQUIRE(got);
    CHECK(*got == 7);
    CHECK(as_text(ByteView(buffer).subspan(3, 4)) == "text");
    CHECK(*file->pread(100, buffer) == 0);
    CHECK(*file->size() == 7);
}

TEST_CASE("posix vfs: allocation takes blocks, a hole gives them back, zeros stay", "[base][vfs]") {
    Fixture fixture;
    const auto file = fixture.make("a");
    constexpr std::uint64_t bytes = 1 << 20;
    const auto allocated = file->allocate(0, bytes);
    if (!allocated && allocated.error().code == EOPNOTSUPP) {
        WARN("this file system cannot allocate");
        return;
    }
    REQUIRE(allocated);
    CHECK(*file->size() == bytes);
    CHECK(*file->allocated_bytes() >= bytes);
    REQUIRE(file->pwrite(0, as_bytes("text")));
    REQUIRE(file->punch_hole(0, bytes));
    CHECK(*file->size() == bytes);
    CHECK(*file->allocated_bytes() < bytes);
    Bytes buffer(4, 1);
    REQUIRE(file->pread(0, buffer));
    CHECK(buffer == Bytes(4, 0));
    REQUIRE(file->truncate(10));
    CHECK(*file->size() == 10);
}

TEST_CASE("posix vfs: a read that must not wait reads the page cache or says EAGAIN",
          "[base][vfs]") {
    Fixture fixture;
    const auto file = fixture.make("a");
    REQUIRE(file->pwrite(0, as_bytes("text")));
    Bytes buffer(4);
    const auto got = file->pread_nowait(0, buffer);
    if (got)
        CHECK(as_text(buffer) == "text");
    else
        CHECK(got.error().code == EAGAIN);
    CHECK(file->start_writeback(0, 4));
    CHECK(file->sync_data());
    CHECK(file->drop_cache(0, 4));
    CHECK(*file->pread(0, buffer) == 4);
}

TEST_CASE("posix vfs: a range is dropped from the cache with the pages at its ends",
          "[base][vfs]") {
    Fixture fixture;
    const auto file = fixture.make("a");
    constexpr std::size_t page = 4096;
    REQUIRE(file->pwrite(0, Bytes(4 * page, 7)));
    REQUIRE(file->sync_data());
    const auto cached = [&](std::uint64_t offset) {
        Bytes byte(1);
        return file->pread_nowait(offset, byte).has_value();
    };
    if (!cached(0)) {
        WARN("this file system cannot read without waiting");
        return;
    }
    REQUIRE(file->drop_cache(0, 4 * page));
    if (cached(0)) {
        WARN("this file system keeps its pages");
        return;
    }
    for (const auto& [offset, length] :
         {std::pair<std::uint64_t, std::uint64_t>{100, 10}, {page + 1, page}, {page - 1, 2}}) {
        Bytes all(4 * page);
        REQUIRE(file->pread(0, all));
        REQUIRE(file->drop_cache(offset, length));
        CAPTURE(offset, length);
        CHECK_FALSE(cached(offset));
        CHECK_FALSE(cached(offset + length - 1));
    }
}

TEST_CASE("posix vfs: names are made, listed in order, linked, renamed and removed",
          "[base][vfs]") {
    Fixture fixture;
    auto& vfs = *fixture.vfs;
    const auto& directory = fixture.directory;
    fixture.make("b");
    fixture.make("a");
    REQUIRE(vfs.link(directory.file("a"), directory.file("c")));
    REQUIRE(vfs.rename(directory.file("b"), directory.file("d")));
    REQUIRE(vfs.sync_directory(directory.path()));
    CHECK(*vfs.list(directory.path()) == std::vector<std::string>{"a", "c", "d"});
    REQUIRE(vfs.unlink(directory.file("a")));
    CHECK_FALSE(*vfs.exists(directory.file("a")));
    CHECK(*vfs.exists(directory.file("c")));
    CHECK(code_of(vfs.unlink(directory.file("a"))) == ENOENT);
}

TEST_CASE("posix vfs: directories are made with their parents, again is fine", "[base][vfs]") {
    Fixture fixture;
    auto& vfs = *fixture.vfs;
    const auto path = fixture.directory.file("x/y/z");
    REQUIRE(vfs.make_directories(path));
    REQUIRE(vfs.make_directories(path));
    CHECK(*vfs.exists(path));
    fixture.make("file");
    CHECK(code_of(vfs.make_directories(fixture.directory.file("file"))) == ENOTDIR);
}

TEST_CASE("posix vfs: directories are renamed, and removed when empty", "[base][vfs]") {
    Fixture fixture;
    auto& vfs = *fixture.vfs;
    const auto from = fixture.directory.file("from");
    const auto to = fixture.directory.file("to");
    REQUIRE(vfs.make_directories(from));
    const auto file = fixture.make("from/a");
    REQUIRE(vfs.rename(from, to));
    CHECK_FALSE(*vfs.exists(from));
    CHECK(*vfs.list(to) == std::vector<std::string>{"a"});
    CHECK(*file->links() == 1);
    REQUIRE(vfs.link(to + "/a", to + "/b"));
    CHECK(*file->links() == 2);
    CHECK(code_of(vfs.remove_directory(to)) == ENOTEMPTY);
    CHECK(code_of(vfs.unlink(to)) == EISDIR);
    REQUIRE(vfs.unlink(to + "/a"));
    REQUIRE(vfs.unlink(to + "/b"));
    CHECK(*file->links() == 0);
    CHECK(vfs.remove_directory(to));
    CHECK(code_of(vfs.remove_directory(to)) == ENOENT);
}

TEST_CASE("posix vfs: a lock is exclusive while it lives", "[base][vfs]") {
    Fixture fixture;
    const auto path = fixture.directory.file("lock");
    auto first = fixture.vfs->lock(path);
    REQUIRE(first);
    CHECK(code_of(fixture.vfs->lock(path)) == EWOULDBLOCK);
    first->reset();
    CHECK(fixture.vfs->lock(path));
}

TEST_CASE("posix vfs: space of a directory is told, of nothing it is an error", "[base][vfs]") {
    Fixture fixture;
    const auto space = fixture.vfs->space(fixture.directory.path());
    REQUIRE(space);
    CHECK(space->total_bytes > 0);
    CHECK(space->free_bytes <= space->total_bytes);
    const auto failed = fixture.vfs->space(fixture.directory.file("none"));
    CHECK(code_of(failed) == ENOENT);
    CHECK(failed.error().message().find("No such file") != std::string::npos);
}

TEST_CASE("posix vfs: a reservation keeps the size, and a truncate gives it back", "[base][vfs]") {
    Fixture fixture;
    const auto file = fixture.make("a");
    constexpr std::uint64_t bytes = 1 << 20;
    REQUIRE(file->pwrite(0, as_bytes("text")));
    const auto reserved = file->reserve(0, bytes);
    if (!reserved && reserved.error().code == EOPNOTSUPP) {
        WARN("this file system cannot allocate");
        return;
    }
    REQUIRE(reserved);
    CHECK(*file->size() == 4);
    CHECK(*file->allocated_bytes() >= bytes);
    REQUIRE(file->truncate(4));
    CHECK(*file->allocated_bytes() < bytes);
}

TEST_CASE("posix vfs: a file opened emptied has nothing of before, its status says so",
          "[base][vfs]") {
    Fixture fixture;
    const auto path = fixture.directory.file("a");
    REQUIRE(fixture.make("a")->pwrite(0, as_bytes("text")));
    CHECK(fixture.vfs->status(path)->size_bytes == 4);
    CHECK(fixture.vfs->status(path)->modified_unix_s > 0);
    REQUIRE(fixture.vfs->open(path, OpenMode::create_empty));
    CHECK(fixture.vfs->status(path)->size_bytes == 0);
    CHECK_FALSE(fixture.vfs->status(path)->is_directory);
    CHECK(fixture.vfs->status(fixture.directory.path())->is_directory);
    CHECK(code_of(fixture.vfs->status(path + "-none")) == ENOENT);
}
