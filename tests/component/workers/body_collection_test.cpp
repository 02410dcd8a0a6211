// The space of bodies kept in the index comes back: P13 for what is in no segment.

#include <filesystem>

#include "base/limits.h"
#include "tests/component/workers/collector_support.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using base::KiB;

namespace {

constexpr int objects = 800;
constexpr std::size_t body_bytes = 12 * KiB;
constexpr std::uint64_t spare_bytes = 256 * KiB;

workers::CollectorOptions sparing() {
    auto options = keeping(0ms);
    options.bodies = {spare_bytes, 16 * KiB};
    return options;
}

std::string key_of(int number) {
    return "k" + std::to_string(10'000 + number);
}

std::uint64_t index_bytes_on_disk(DiskCatalog& disk, const std::string& extension) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(disk.data() + "/index"))
        if (entry.path().extension() == extension) bytes += entry.file_size();
    return bytes;
}

/// Of the files that hold nothing but bodies.
std::uint64_t body_bytes_on_disk(DiskCatalog& disk) {
    return index_bytes_on_disk(disk, ".blob");
}

/// In the middle of the oldest of those files, so much that one of two neighbours is hit for sure.
void damage_oldest(DiskCatalog& disk) {
    std::string oldest;
    for (const auto& entry : std::filesystem::directory_iterator(disk.data() + "/index"))
        if (entry.path().extension() == ".blob" && (oldest.empty() || entry.path() < oldest))
            oldest = entry.path();
    REQUIRE_FALSE(oldest.empty());
    auto file = disk.posix->open(oldest, base::OpenMode::read_write);
    REQUIRE(file);
    const base::Bytes garbage(2 * body_bytes, 0x5a);
    REQUIRE((*file)->pwrite(std::filesystem::file_size(oldest) / 2, garbage));
}

/// With what RocksDB and the sealing add to each body.
std::uint64_t allowed_bytes(std::uint64_t live_objects) {
    const auto live = live_objects * (body_bytes + 200);
    return live + live / 100 + spare_bytes;
}

void check_content(DiskCatalog& disk, int step) {
    for (int i = 0; i < objects; i += step)
        REQUIRE(disk.get(key_of(i)) == text_of(key_of(i), body_bytes));
}

}  // namespace

TEST_CASE("collector: P13 bodies in the index that were replaced or deleted give their space back",
          "[workers][collector]") {
    DiskCatalog disk(sparing());
    for (int i = 0; i < objects; ++i) disk.put(key_of(i), body_bytes - 100);
    SECTION("replaced") {
        for (int i = 0; i < objects; ++i) disk.put(key_of(i), body_bytes);
        REQUIRE(body_bytes_on_disk(disk) > allowed_bytes(objects));
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(body_bytes_on_disk(disk) <= allowed_bytes(objects));
        CHECK(report.inline_bytes <= allowed_bytes(objects));
        CHECK(report.inline_garbage_bytes <= spare_bytes + report.inline_bytes / 100);
        check_content(disk, 1);
    }
    SECTION("all but some in every file deleted") {
        for (int i = 0; i < objects; i += 4) disk.put(key_of(i), body_bytes);
        for (int i = 0; i < objects; ++i)
            if (i % 4 != 0) disk.remove(key_of(i));
        REQUIRE(body_bytes_on_disk(disk) > allowed_bytes(objects / 4));
        check_sum(disk, disk.collect());
        CHECK(body_bytes_on_disk(disk) <= allowed_bytes(objects / 4));
        check_content(disk, 4);
        disk.kill_and_restart();
        check_content(disk, 4);
    }
    SECTION("all deleted") {
        for (int i = 0; i < objects; ++i) disk.remove(key_of(i));
        REQUIRE(body_bytes_on_disk(disk) > allowed_bytes(0));
        check_sum(disk, disk.collect());
        CHECK(body_bytes_on_disk(disk) <= allowed_bytes(0));
    }
}

TEST_CASE("collector: P13 bodies too small for files of their own give their space back too",
          "[workers][collector]") {
    constexpr std::size_t small_bytes = 700;
    constexpr int small_objects = 3000;
    DiskCatalog disk(sparing());
    for (int i = 0; i < small_objects; ++i) disk.put(key_of(i), small_bytes);
    disk.stop_and_restart();  // into tables
    const auto before = index_bytes_on_disk(disk, ".sst");
    REQUIRE(before > small_objects * small_bytes);
    REQUIRE(body_bytes_on_disk(disk) == 0);
    CHECK(disk.collect().inline_bytes > small_objects * small_bytes);
    SECTION("all deleted") {
        for (int i = 0; i < small_objects; ++i) disk.remove(key_of(i));
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(report.inline_bytes <= spare_bytes);
        CHECK(index_bytes_on_disk(disk, ".sst") <= before - small_objects * small_bytes);
    }
    SECTION("every other one deleted") {
        for (int i = 0; i < small_objects; i += 2) disk.remove(key_of(i));
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(report.inline_bytes <= small_objects / 2 * (small_bytes + 200) + spare_bytes);
        for (int i = 1; i < small_objects; i += 2)
            REQUIRE(disk.get(key_of(i)) == text_of(key_of(i), small_bytes));
    }
}

TEST_CASE("collector: stopping it ends merges under way, and lets none begin",
          "[workers][collector]") {
    DiskCatalog disk(sparing());
    REQUIRE(disk.run(disk.upkeep().merge_bodies({})));
    disk.run(disk.collector().stop());
    const auto merged = disk.run(disk.upkeep().merge_bodies({}));
    REQUIRE_FALSE(merged);
    CHECK(merged.error().kind == storage::StorageError::Kind::unavailable);
}

TEST_CASE("collector: P11 a damaged body in the index costs no other one, and no pass",
          "[workers][collector]") {
    DiskCatalog disk(sparing());
    for (int i = 0; i < objects; ++i) disk.put(key_of(i), body_bytes);
    for (int i = 0; i < objects; ++i)
        if (i % 2 != 0) disk.remove(key_of(i));
    damage_oldest(disk);
    const auto report = disk.collect();
    CHECK_FALSE(report.failure.empty());
    CHECK(report.passes == 1);
    CHECK(report.inline_garbage_bytes > 0);  // measured all the same
    // 2.5: nobody has to write to find out.
    CHECK(disk.upkeep().condition().cause == storage::EngineCondition::Cause::fault);
    // 2.7.3: an index that fails may have lost rows.
    REQUIRE(disk.resume() == std::nullopt);
    CHECK_FALSE(disk.collect().blocked.empty());
    disk.kill_and_restart();
    int damaged = 0;
    for (int i = 0; i < objects; i += 2) {
        const auto read = disk.run(disk.read(key_of(i)));
        if (!read)
            ++damaged;
        else
            REQUIRE(*read == text_of(key_of(i), body_bytes));
    }
    CHECK(damaged >= 1);
    CHECK(damaged <= 3);
}
