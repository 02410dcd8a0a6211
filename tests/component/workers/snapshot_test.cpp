// Snapshots under a whole catalog at work: what a copy has, and what becomes of the space.

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <filesystem>

#include "base/limits.h"
#include "base/spawn.h"
#include "storage/catalog/check.h"
#include "tests/component/workers/collector_support.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using base::KiB;
using base::MiB;

namespace {

void make_snapshot(DiskCatalog& disk, const std::string& name) {
    const auto made = disk.run(disk.upkeep().volume_snapshots().create(name, {}));
    INFO((made ? std::string() : made.error().message));
    REQUIRE(made);
}

void delete_snapshot(DiskCatalog& disk, const std::string& name) {
    REQUIRE(disk.run(disk.upkeep().volume_snapshots().remove(name)));
}

/// The engine goes on with a copy; the original is gone.
void go_on_with_a_copy(DiskCatalog& disk, const std::string& name) {
    disk.kill_and_restart([&] {
        namespace fs = std::filesystem;
        const fs::path data = disk.data();
        const auto copy = data.parent_path() / "copy";
        fs::copy(data / "snapshots" / name, copy, fs::copy_options::recursive);
        fs::remove_all(data);
        fs::rename(copy, data);
    });
}

/// As `holdfast fsck` does.
void check_whole(DiskCatalog& disk) {
    catalog::Check check(disk.upkeep());
    const auto report = disk.run(check.run());
    REQUIRE(report);
    for (const auto& problem : report->problems) UNSCOPED_INFO(problem);
    CHECK(report->problems_found == 0);
}

std::string name_of(int number) {
    return "k" + std::to_string(number);
}

constexpr std::size_t bytes = 40 * KiB;

void put_many(DiskCatalog& disk, int from, int to) {
    for (int i = from; i < to; ++i) disk.put(name_of(i), bytes);
}

}  // namespace

TEST_CASE("snapshot: 2.3.8 a copy is whole whatever was deleted, replaced and given back since",
          "[workers][snapshot]") {
    DiskCatalog disk(keeping(0ms));
    put_many(disk, 0, 10);
    disk.put("small", 1000);
    disk.put_multipart("large", 3 * MiB);
    const auto upload = disk.start_upload("unfinished");
    disk.put_part(upload, 1, 300 * KiB);
    disk.remove(name_of(0));  // queued in the snapshot
    make_snapshot(disk, "s");
    for (int i = 1; i < 6; ++i) disk.remove(name_of(i));
    disk.put(name_of(6), 2 * bytes);
    disk.remove("small");
    disk.remove("large");
    disk.complete(upload);
    disk.put("later", bytes);
    disk.reclaim();
    check_sum(disk, disk.collect(true));
    disk.stop_and_restart();
    disk.reclaim();
    check_sum(disk, disk.collect(true));
    check_whole(disk);

    go_on_with_a_copy(disk, "s");
    check_whole(disk);
    for (int i = 1; i < 10; ++i) CHECK(disk.get(name_of(i)) == text_of(name_of(i), bytes));
    CHECK(disk.get("small") == text_of("small", 1000));
    CHECK(disk.get("large") == text_of("large1", 3 * MiB) + text_of("large2", 3 * MiB));
    CHECK_FALSE(disk.run(disk.read("later")));
    CHECK_FALSE(disk.run(disk.read(name_of(0))));
    disk.complete(upload);
    CHECK(disk.get("unfinished") == text_of("unfinished1", 300 * KiB));
    // The copy gives its own space back.
    disk.reclaim();
    const auto report = disk.collect(true);
    check_sum(disk, report);
    CHECK(report.use.queued_bytes == 0);
}

TEST_CASE("snapshot: P13 space that it has stays queued, and comes back when it is deleted",
          "[workers][snapshot]") {
    DiskCatalog disk(keeping(0ms));
    put_many(disk, 0, 20);
    disk.collect();  // nothing is the collector's
    make_snapshot(disk, "s");
    put_many(disk, 20, 30);
    for (int i = 0; i < 10; ++i) disk.remove(name_of(i));
    for (int i = 20; i < 25; ++i) disk.remove(name_of(i));
    disk.reclaim();
    const bool restarted = GENERATE(false, true);
    if (restarted) {
        disk.kill_and_restart();
        disk.reclaim();
    }
    const auto held = disk.collect();
    check_sum(disk, held);
    // What came after the snapshot went to other segments, and came back at once.
    CHECK(held.use.queued_bytes >= 10 * bytes);
    CHECK(held.use.queued_bytes < 12 * bytes);
    CHECK(held.use.live_bytes >= 15 * bytes);
    disk.reclaim();
    CHECK(disk.collect().use.queued_bytes == held.use.queued_bytes);

    delete_snapshot(disk, "s");
    disk.sweep();
    const auto after = disk.collect();
    check_sum(disk, after);
    CHECK(after.use.queued_bytes == 0);
    CHECK(after.use.live_bytes == held.use.live_bytes);
    for (int i = 10; i < 20; ++i) CHECK(disk.get(name_of(i)) == text_of(name_of(i), bytes));
    for (int i = 25; i < 30; ++i) CHECK(disk.get(name_of(i)) == text_of(name_of(i), bytes));
}

TEST_CASE("snapshot: what nothing refers to in its segments waits in quarantine until it is gone",
          "[workers][snapshot]") {
    DiskCatalog disk(keeping(0ms));
    disk.put("kept", bytes);
    disk.write_blob(200 * KiB);
    make_snapshot(disk, "s");
    disk.kill_and_restart();
    const auto held = disk.collect();
    check_sum(disk, held);
    CHECK(held.released == 0);
    CHECK(held.use.quarantined_bytes >= 200 * KiB);
    delete_snapshot(disk, "s");
    const auto after = disk.collect();
    check_sum(disk, after);
    CHECK(after.released == 1);
    CHECK(disk.get("kept") == text_of("kept", bytes));
}

TEST_CASE("snapshot: where files have no holes, its segments are not moved, and go whole later",
          "[workers][snapshot]") {
    DiskCatalog disk(keeping(0ms));
    disk.vfs.fail({"punch_hole", "", 1, EOPNOTSUPP, true});
    put_many(disk, 0, 20);
    disk.kill_and_restart();
    make_snapshot(disk, "s");
    for (int i = 1; i < 20; ++i) disk.remove(name_of(i));
    disk.reclaim();
    const auto held = disk.collect();
    check_sum(disk, held);
    CHECK(held.moved == 0);
    SECTION("and a copy is whole") {
        go_on_with_a_copy(disk, "s");
        check_whole(disk);
        for (int i = 0; i < 20; ++i) CHECK(disk.get(name_of(i)) == text_of(name_of(i), bytes));
    }
    SECTION("and what is left moves when it is deleted") {
        delete_snapshot(disk, "s");
        disk.sweep();
        CHECK(disk.collect().moved == 1);
        disk.sweep();
        disk.collect();
        CHECK(disk.segments_of_run(1) == 0);
        CHECK(disk.get(name_of(0)) == text_of(name_of(0), bytes));
    }
}

TEST_CASE(
    "snapshot: 2.3.8 under writes, deletes and the reclaimer each copy is whole, and has what "
    "was acknowledged",
    "[workers][snapshot]") {
    DiskCatalog disk(keeping(0ms));
    constexpr int writers = 3;
    constexpr int objects = 40;
    constexpr int snapshots = 3;
    std::vector<std::vector<std::string>> acked(snapshots);
    auto all = [&]() -> base::Awaitable<bool> {
        std::vector<std::string> there;
        int running = writers;
        const auto executor = co_await base::asio::this_coro::executor;
        auto write = [&](int writer) -> base::Awaitable<void> {
            for (int i = 0; i < objects; ++i) {
                const auto key = "w" + std::to_string(writer) + "-" + std::to_string(i);
                const auto size = i % 4 == 0 ? 5 * KiB : bytes + i * KiB;
                if (co_await disk.try_put(key, size)) there.push_back(key);
                // Every third one goes again, so that there is something to give back all the time.
                if (i % 3 != 2) continue;
                const auto gone = "w" + std::to_string(writer) + "-" + std::to_string(i - 1);
                std::erase(there, gone);
                static_cast<void>(co_await disk.try_remove(gone));
            }
            --running;
        };
        // The writers get turns in between.
        auto reclaim = [&]() -> base::Awaitable<void> {
            co_await base::asio::post(executor, base::use_awaitable);
            co_await disk.reclaim_async();
        };
        for (int writer = 0; writer < writers; ++writer) base::spawn(executor, write(writer));
        bool made_all = true;
        for (int i = 0; i < snapshots; ++i) {
            while (there.size() < static_cast<std::size_t>(10 + i * 20) && running > 0)
                co_await reclaim();
            acked[static_cast<std::size_t>(i)] = there;
            auto name = "s" + std::to_string(i);
            auto made = co_await disk.upkeep().volume_snapshots().create(std::move(name), {});
            made_all = made_all && made.has_value();
        }
        while (running > 0) co_await reclaim();
        co_return made_all;
    };
    REQUIRE(disk.run(all()));
    disk.reclaim();
    check_sum(disk, disk.collect());
    check_whole(disk);
    const auto chosen = static_cast<std::size_t>(GENERATE(0, 1, 2));
    go_on_with_a_copy(disk, "s" + std::to_string(chosen));
    check_whole(disk);
    CHECK(acked[chosen].size() >= 10);
    for (const auto& key : acked[chosen]) {
        const auto number = std::stoul(key.substr(key.find('-') + 1));
        if (number % 3 == 1) continue;  // may have been deleted before the snapshot was made
        const auto size = number % 4 == 0 ? 5 * KiB : bytes + number * KiB;
        CHECK(disk.get(key) == text_of(key, size));
    }
}
