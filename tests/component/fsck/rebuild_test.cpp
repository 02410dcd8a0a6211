// `holdfast fsck --rebuild` where there is no index: rows from the segments alone.

#include <fstream>
#include <iterator>

#include "tests/component/fsck/fsck_world.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::size_t large = 300'000;

/// Loses the index, does `damage`, and rebuilds.
FsckOutcome rebuild_after(DiskCatalog& disk, const std::function<void()>& damage) {
    FsckOutcome outcome;
    disk.kill_and_restart([&] {
        std::filesystem::remove_all(disk.data() + "/index");
        damage();
        outcome = rebuild(disk.data());
    });
    return outcome;
}

/// Inverts the key of one of the index' own rows where it is in a table; whether it was found.
bool damage_own_rows(const std::string& directory) {
    bool damaged = false;
    for (const auto& entry : std::filesystem::directory_iterator(directory + "/index")) {
        if (entry.path().extension() != ".sst") continue;
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        const auto at = content.find("volume_id");
        if (at == std::string::npos) continue;
        file.clear();
        file.seekp(static_cast<std::streamoff>(at));
        file << "VOLUME_ID";
        damaged = true;
    }
    return damaged;
}

void overwrite(DiskCatalog& disk, const storage::Extent& extent, base::ByteView bytes) {
    auto file = disk.posix->open(disk.segment_path(extent.segment), base::OpenMode::read_write);
    REQUIRE(file);
    REQUIRE((*file)->pwrite(extent.offset + 8192, bytes));
}

}  // namespace

TEST_CASE("fsck: P8, P11 a damaged latest version answers with an error, not with the one before",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("a", large);
    const auto old = disk.blob_of("a");
    disk.put("a", large + 1);
    disk.put("b", large);
    const auto latest = disk.blob_of("a").extents[0];
    const auto outcome =
        rebuild_after(disk, [&] { disk.damage(latest.segment, latest.offset + 1000); });
    REQUIRE(outcome.problems().size() == 1);
    CHECK(outcome.problems()[0].find("photos/a: it is damaged: 1 damaged frames") == 0);
    CHECK(outcome.problems()[0].find("1 older blobs of it are kept") != std::string::npos);
    const auto read = disk.run(disk.read("a"));
    REQUIRE_FALSE(read);
    CHECK(read.error().storage.kind == storage::StorageError::Kind::corrupt);
    CHECK(disk.get("b") == text_of("b", large));
    // The older one is the collector's, for its quarantine.
    check_is_quarantined(disk, old);
    // As any damaged object it can be replaced.
    disk.put("a", 100);
    CHECK(disk.get("a") == text_of("a", 100));
}

TEST_CASE("fsck: P5 an upload that the disk never got whole does not replace what was answered",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("a", large);
    disk.put("a", large + 1);
    const auto torn = disk.blob_of("a").extents[0];
    const auto outcome = rebuild_after(disk, [&] { overwrite(disk, torn, base::Bytes(4096)); });
    REQUIRE(outcome.problems().size() == 1);
    CHECK(outcome.problems()[0].find("photos/a: a blob of it was never written to its end") == 0);
    CHECK(disk.get("a") == text_of("a", large));
}

TEST_CASE("fsck: a multipart object with a damaged part is there, and told", "[fsck][component]") {
    DiskCatalog disk;
    disk.put_multipart("whole", large);
    disk.put_multipart("damaged", large);
    const auto content = disk.get("whole");
    const auto part = disk.blob_of("damaged").extents[0];
    const auto outcome =
        rebuild_after(disk, [&] { disk.damage(part.segment, part.offset + 1000); });
    REQUIRE(outcome.problems().size() == 1);
    CHECK(outcome.problems()[0].find("photos/damaged: part 1 is damaged") == 0);
    CHECK(disk.get("whole") == content);
    CHECK_FALSE(disk.run(disk.read("damaged")));
}

TEST_CASE("fsck: a rebuild ends what putting objects back had begun", "[fsck][component]") {
    DiskCatalog disk;
    begin_a_run(disk);
    for (const std::string key : {"a", "b"}) disk.put(key, large);
    disk.kill_and_restart([&] {
        begin_putting_back(disk.data());
        CHECK(std::filesystem::exists(disk.data() + "/reattach-pending"));
        std::filesystem::remove_all(disk.data() + "/index");
        CHECK(rebuild(disk.data()).problems().empty());
        CHECK_FALSE(std::filesystem::exists(disk.data() + "/reattach-pending"));
    });
    for (const std::string key : {"a", "b"}) CHECK(disk.get(key) == text_of(key, large));
}

TEST_CASE("fsck: 2.5 an index that can be read in part is not replaced until it is moved away",
          "[fsck][component]") {
    DiskCatalog disk;
    disk.put("large", large);
    disk.put("inline", 100);
    disk.kill_and_restart([&] {
        REQUIRE(damage_own_rows(disk.data()));
        for (const auto command : {server::fsck_rebuild, server::fsck_accept_loss}) {
            const auto outcome = fsck(disk.data(), command);
            CHECK_THAT(outcome.failure, Catch::Contains("cannot be read"));
            CHECK_THAT(outcome.failure, Catch::Contains("it is not replaced"));
        }
        CHECK_FALSE(std::filesystem::exists(disk.data() + "/index.damaged-1"));
    });
    CHECK_FALSE(disk.upkeep().condition().writable());
    CHECK(disk.get("inline") == text_of("inline", 100));
    CHECK(disk.get("large") == text_of("large", large));
    disk.kill_and_restart([&] {
        std::filesystem::rename(disk.data() + "/index", disk.data() + "-index");
        CHECK(rebuild(disk.data()).problems().empty());
    });
    CHECK(disk.get("large") == text_of("large", large));
    CHECK_FALSE(disk.run(disk.read("inline")));
    disk.put("inline", 100);
    CHECK(disk.get("inline") == text_of("inline", 100));
}
