#include "storage/local/rocksdb_vfs.h"

#include <rocksdb/file_system.h>

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "storage/local/rocksdb_files.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {

struct Fixture {
    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    std::unique_ptr<rocksdb::Env> env = make_rocksdb_env(vfs);
    rocksdb::FileSystem& files = *env->GetFileSystem();
    IOOptions io;

    Fixture() { REQUIRE(vfs.make_directories("/db")); }

    std::unique_ptr<rocksdb::FSWritableFile> make(const std::string& path) {
        std::unique_ptr<rocksdb::FSWritableFile> file;
        REQUIRE(files.NewWritableFile(path, {}, &file, nullptr).ok());
        return file;
    }
    std::string content(const std::string& path) {
        std::string text;
        REQUIRE(rocksdb::ReadFileToString(&files, path, &text).ok());
        return text;
    }
};

}  // namespace

TEST_CASE("rocksdb vfs: a file is appended to, read in order, at an offset, and made anew",
          "[storage][local]") {
    Fixture fixture;
    auto file = fixture.make("/db/a");
    REQUIRE(file->Append("hello ", fixture.io, nullptr).ok());
    REQUIRE(file->Append("world", fixture.io, nullptr).ok());
    CHECK(file->GetFileSize(fixture.io, nullptr) == 11);
    REQUIRE(file->Close(fixture.io, nullptr).ok());
    CHECK(fixture.content("/db/a") == "hello world");

    std::unique_ptr<rocksdb::FSSequentialFile> reader;
    REQUIRE(fixture.files.NewSequentialFile("/db/a", {}, &reader, nullptr).ok());
    std::array<char, 20> buffer{};
    rocksdb::Slice got;
    REQUIRE(reader->Skip(6).ok());
    REQUIRE(reader->Read(20, fixture.io, &got, buffer.data(), nullptr).ok());
    CHECK(got.ToString() == "world");
    REQUIRE(reader->Skip(5).ok());
    REQUIRE(reader->Read(20, fixture.io, &got, buffer.data(), nullptr).ok());
    CHECK(got.empty());

    std::unique_ptr<rocksdb::FSRandomAccessFile> random;
    REQUIRE(fixture.files.NewRandomAccessFile("/db/a", {}, &random, nullptr).ok());
    REQUIRE(random->Read(4, 4, fixture.io, &got, buffer.data(), nullptr).ok());
    CHECK(got.ToString() == "o wo");

    std::unique_ptr<rocksdb::FSWritableFile> again;
    REQUIRE(fixture.files.ReopenWritableFile("/db/a", {}, &again, nullptr).ok());
    REQUIRE(again->Append("!", fixture.io, nullptr).ok());
    CHECK(fixture.content("/db/a") == "hello world!");
    fixture.make("/db/a");
    CHECK(fixture.content("/db/a").empty());
}

TEST_CASE("rocksdb vfs: data is synced where RocksDB asks for it and nowhere else",
          "[storage][local]") {
    Fixture fixture;
    auto file = fixture.make("/db/a");
    REQUIRE(file->Append("text", fixture.io, nullptr).ok());
    REQUIRE(file->Flush(fixture.io, nullptr).ok());
    REQUIRE(file->RangeSync(0, 4, fixture.io, nullptr).ok());
    CHECK(fixture.vfs.calls("sync_data") == 0);
    CHECK(fixture.vfs.calls("start_writeback") == 1);
    REQUIRE(file->Sync(fixture.io, nullptr).ok());
    REQUIRE(file->Fsync(fixture.io, nullptr).ok());
    CHECK(fixture.vfs.calls("sync_data") == 2);
    std::unique_ptr<rocksdb::FSDirectory> directory;
    REQUIRE(fixture.files.NewDirectory("/db", fixture.io, &directory, nullptr).ok());
    REQUIRE(directory->Fsync(fixture.io, nullptr).ok());
    CHECK(fixture.vfs.calls("sync_directory") == 1);
}

TEST_CASE("rocksdb vfs: blocks are reserved ahead without a new size and given back at the end",
          "[storage][local]") {
    Fixture fixture;
    auto file = fixture.make("/db/a");
    file->SetPreallocationBlockSize(1 << 20);
    file->PrepareWrite(0, 4, fixture.io, nullptr);
    REQUIRE(file->Append("text", fixture.io, nullptr).ok());
    CHECK(fixture.vfs.calls("reserve") == 1);
    CHECK(fixture.content("/db/a") == "text");
    REQUIRE(file->Close(fixture.io, nullptr).ok());
    CHECK(fixture.vfs.calls("truncate") == 1);
    CHECK(fixture.content("/db/a") == "text");
}

TEST_CASE("rocksdb vfs: what CURRENT is renamed to name is durable before it", "[storage][local]") {
    Fixture fixture;
    REQUIRE(fixture.vfs.sync_directory("/"));
    auto manifest = fixture.make("/db/MANIFEST-000002");
    auto current = fixture.make("/db/000002.dbtmp");
    REQUIRE(fixture.files.RenameFile("/db/000002.dbtmp", "/db/CURRENT", fixture.io, nullptr).ok());
    int renamed = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto left = fixture.disk.crash(seed);
        renamed += *left->exists("/db/CURRENT") ? 1 : 0;
        CHECK(*left->exists("/db/MANIFEST-000002"));
    }
    CHECK(renamed > 0);
}

TEST_CASE("rocksdb vfs: a full disk, a missing file and a broken one are told apart (2.4)",
          "[storage][local]") {
    Fixture fixture;
    auto file = fixture.make("/db/a");
    for (const int code : {ENOSPC, EDQUOT}) {
        fixture.vfs.fail({"pwrite", "", 1, code, false});
        CHECK(file->Append("text", fixture.io, nullptr).IsNoSpace());
    }
    fixture.vfs.fail({"pwrite", "", 1, EROFS, false});
    const auto read_only = file->Append("text", fixture.io, nullptr);
    CHECK(read_only.IsIOError());
    CHECK_FALSE(read_only.IsNoSpace());
    fixture.vfs.fail({"sync_data", "", 1, EIO, false});
    const auto failed = file->Sync(fixture.io, nullptr);
    CHECK(failed.IsIOError());
    CHECK_FALSE(failed.IsNoSpace());
    CHECK(failed.ToString().find("sync_data /db/a: Input/output error") != std::string::npos);
    std::unique_ptr<rocksdb::FSSequentialFile> reader;
    CHECK(fixture.files.NewSequentialFile("/db/b", {}, &reader, nullptr).IsPathNotFound());
    CHECK(fixture.files.FileExists("/db/b", fixture.io, nullptr).IsNotFound());
    CHECK(fixture.files.DeleteFile("/db/b", fixture.io, nullptr).IsPathNotFound());
    std::unique_ptr<rocksdb::FSDirectory> directory;
    CHECK(fixture.files.NewDirectory("/none", fixture.io, &directory, nullptr).IsPathNotFound());
}

TEST_CASE("rocksdb vfs: names are listed, linked, locked once and described", "[storage][local]") {
    Fixture fixture;
    REQUIRE(fixture.make("/db/a")->Append("text", fixture.io, nullptr).ok());
    REQUIRE(fixture.files.LinkFile("/db/a", "/db/b", fixture.io, nullptr).ok());
    REQUIRE(fixture.files.CreateDirIfMissing("/db/c", fixture.io, nullptr).ok());
    CHECK_FALSE(fixture.files.CreateDir("/db/c", fixture.io, nullptr).ok());
    std::vector<std::string> names{"left over"};
    REQUIRE(fixture.files.GetChildren("/db", fixture.io, &names, nullptr).ok());
    CHECK(names == std::vector<std::string>{"a", "b", "c"});
    std::uint64_t bytes = 0;
    REQUIRE(fixture.files.GetFileSize("/db/b", fixture.io, &bytes, nullptr).ok());
    CHECK(bytes == 4);
    bool is_directory = false;
    REQUIRE(fixture.files.IsDirectory("/db/c", fixture.io, &is_directory, nullptr).ok());
    CHECK(is_directory);
    CHECK_FALSE(fixture.files.DeleteDir("/db", fixture.io, nullptr).ok());
    REQUIRE(fixture.files.DeleteDir("/db/c", fixture.io, nullptr).ok());
    CHECK(fixture.files.FileExists("/db/c", fixture.io, nullptr).IsNotFound());
    rocksdb::FileLock* lock = nullptr;
    rocksdb::FileLock* second = nullptr;
    REQUIRE(fixture.files.LockFile("/db/LOCK", fixture.io, &lock, nullptr).ok());
    CHECK_FALSE(fixture.files.LockFile("/db/LOCK", fixture.io, &second, nullptr).ok());
    CHECK(second == nullptr);
    REQUIRE(fixture.files.UnlockFile(lock, fixture.io, nullptr).ok());
    REQUIRE(fixture.files.LockFile("/db/LOCK", fixture.io, &lock, nullptr).ok());
    REQUIRE(fixture.files.UnlockFile(lock, fixture.io, nullptr).ok());
}

TEST_CASE("rocksdb vfs: 2.5 a read that fails with EIO is made once more, from the medium",
          "[storage][local]") {
    Fixture fixture;
    REQUIRE(fixture.make("/db/a")->Append("hello world", fixture.io, nullptr).ok());
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    REQUIRE(fixture.files.NewRandomAccessFile("/db/a", {}, &file, nullptr).ok());
    std::array<char, 20> buffer{};
    rocksdb::Slice got;
    const auto read = [&] { return file->Read(6, 5, fixture.io, &got, buffer.data(), nullptr); };

    fixture.vfs.fail({"pread", "", 1, EIO, false});
    REQUIRE(read().ok());
    CHECK(got.ToString() == "world");
    CHECK(fixture.vfs.failed());
    CHECK(fixture.vfs.calls("open_medium") == 1);

    fixture.vfs.fail({"pread", "", 1, EIO, true});
    CHECK(read().IsIOError());
    CHECK(got.empty());
    CHECK(fixture.vfs.calls("open_medium") == 2);

    fixture.vfs.fail({"pread", "", 1, EMFILE, false});
    CHECK(read().IsIOError());
    CHECK(fixture.vfs.calls("open_medium") == 2);
}

TEST_CASE("rocksdb vfs: 2.5 what is read to tell memory from the medium comes from the medium",
          "[storage][local]") {
    Fixture fixture;
    REQUIRE(fixture.make("/db/a")->Append("hello world", fixture.io, nullptr).ok());
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    REQUIRE(fixture.files.NewRandomAccessFile("/db/a", {}, &file, nullptr).ok());
    std::array<char, 20> buffer{};
    rocksdb::Slice got;
    {
        const ReadFromMedium again;
        REQUIRE(file->Read(0, 5, fixture.io, &got, buffer.data(), nullptr).ok());
        CHECK(got.ToString() == "hello");
        CHECK(fixture.vfs.calls("open_medium") == 1);
    }
    REQUIRE(file->Read(0, 5, fixture.io, &got, buffer.data(), nullptr).ok());
    CHECK(fixture.vfs.calls("open_medium") == 1);
}
