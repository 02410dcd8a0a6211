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
    options.body_garbage_bytes_max = spare_bytes;
    return options;
}

std::string key_of(int number) {
    return "k" + std::to_string(10'000 + number);
}

/// Of the files that hold nothing but bodies.
std::uint64_t body_bytes_on_disk(DiskCatalog& disk) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(disk.data() + "/index"))
        if (entry.path().extension() == ".blob") bytes += entry.file_size();
    return bytes;
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
        check_sum(disk, disk.collect());
        CHECK(body_bytes_on_disk(disk) <= allowed_bytes(0));
    }
}

TEST_CASE("collector: bodies in the index are left alone while little of them is garbage",
          "[workers][collector]") {
    DiskCatalog disk(sparing());
    for (int i = 0; i < objects / 4; ++i) disk.put(key_of(i), body_bytes);
    static_cast<void>(disk.collect());
    const auto files = disk.run(disk.upkeep().body_space());
    REQUIRE(files);
    for (int i = 0; i < 10; ++i) disk.remove(key_of(i));
    const auto report = disk.collect();
    CHECK(report.failure.empty());
    const auto after = disk.run(disk.upkeep().body_space());
    REQUIRE(after);
    CHECK(after->files.size() == files->files.size());
}

TEST_CASE("collector: merging bodies ends when it is told to, and their content stays",
          "[workers][collector]") {
    DiskCatalog disk(sparing());
    for (int i = 0; i < objects; ++i) disk.put(key_of(i), body_bytes);
    disk.upkeep().stop_merging();
    const auto merged = disk.run(disk.upkeep().merge_bodies({{}, 1}));
    REQUIRE_FALSE(merged);
    CHECK(merged.error().kind == storage::StorageError::Kind::unavailable);
    check_content(disk, 50);
}
