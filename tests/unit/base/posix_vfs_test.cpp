#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/random.h"
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

/// Of a file of 1 MiB.
std::ptrdiff_t pages_in_cache(const std::string& path) {
    constexpr std::size_t bytes = 1 << 20;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(file >= 0);
    void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    REQUIRE(mapped != MAP_FAILED);
    std::vector<unsigned char> pages(bytes / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    const int known = ::mincore(mapped, bytes, pages.data());
    ::munmap(mapped, bytes);
    REQUIRE(known == 0);
    return std::count_if(pages.begin(), pages.end(), [](auto page) { return (page & 1U) != 0; });
}

/// Whether all of it went.
bool drop_from_cache(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(file >= 0);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
    return pages_in_cache(path) == 0;
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
    CHECK(*file->pread(0, buffer) == 4);
}

TEST_CASE("posix vfs: 2.5 what is read from the medium is what was written, at any place and size",
          "[base][vfs]") {
    Fixture fixture;
    constexpr std::size_t bytes = (1 << 20) + 1234;
    Bytes content(bytes);
    SeededRandom(7).fill(content);
    REQUIRE(fixture.make("a")->pwrite(0, content));  // not synced: it need not be on the disk yet
    const auto medium = fixture.vfs->open(fixture.directory.file("a"), OpenMode::read_medium);
    REQUIRE(medium);
    CHECK(*(*medium)->size() == bytes);
    for (const std::size_t offset :
         {0, 1, 4095, 4096, 300'000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1233})
        for (const std::size_t length : {1, 512, 4096, 4097, 70'000, 600'000}) {
            CAPTURE(offset, length);
            Bytes got(length);
            const auto count = (*medium)->pread(offset, got);
            REQUIRE(count);
            REQUIRE(*count == std::min(length, bytes - offset));
            CHECK(std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(*count),
                             content.begin() + static_cast<std::ptrdiff_t>(offset)));
        }
    Bytes beyond(10);
    CHECK(*(*medium)->pread(bytes, beyond) == 0);
    CHECK(*(*medium)->pread(10 * bytes, beyond) == 0);
    CHECK(*(*medium)->pread(0, ByteSpan()) == 0);
    CHECK(code_of((*medium)->pread_nowait(0, beyond)) == EAGAIN);
    CHECK_FALSE((*medium)->pwrite(0, beyond));
    CHECK(code_of(fixture.vfs->open(fixture.directory.file("b"), OpenMode::read_medium)) == ENOENT);
}

TEST_CASE("posix vfs: 2.5 what is read from the medium does not fill the page cache",
          "[base][vfs]") {
    Fixture fixture;
    constexpr std::size_t bytes = 1 << 20;
    const auto path = fixture.directory.file("a");
    const auto file = fixture.make("a");
    REQUIRE(file->pwrite(0, Bytes(bytes, 7)));
    REQUIRE(file->sync_data());
    if (!drop_from_cache(path)) {
        WARN("this file system keeps its pages");
        return;
    }
    const auto medium = fixture.vfs->open(path, OpenMode::read_medium);
    REQUIRE(medium);
    Bytes got(bytes);
    REQUIRE(*(*medium)->pread(0, got) == bytes);
    CHECK(got == Bytes(bytes, 7));
    CHECK(pages_in_cache(path) == 0);
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
