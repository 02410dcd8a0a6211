// The scrub when any of its calls fails, or it is stopped there: what is damaged stays listed, and
// nothing else is after the next pass on a healthy disk (P11).

#include <boost/asio/post.hpp>
#include <set>

#include "base/limits.h"
#include "base/spawn.h"
#include "tests/component/workers/faulty_disk.h"

using namespace holdfast;
using namespace holdfast::test;
using base::KiB;
using storage::Damage;
using storage::StorageError;

namespace {

using std::chrono::milliseconds;

workers::ScrubberOptions unlimited(milliseconds save_interval) {
    workers::ScrubberOptions options;
    options.bytes_per_second = 0;
    options.save_interval = save_interval;
    return options;
}

/// A scrubber as after a start.
struct Scrubbing {
    explicit Scrubbing(FaultyDisk& w, milliseconds save_interval = std::chrono::minutes(1))
        : world(w),
          scrubber(w.loop.get_executor(), w.store(), w.buckets(), w.upkeep(),
                   unlimited(save_interval)) {}
    void run_once() { run_on(world.loop, scrubber.run_once()); }
    void recheck() { run_on(world.loop, scrubber.recheck()); }

    FaultyDisk& world;
    workers::Scrubber scrubber;
};

void damage_blob(DiskCatalog& disk, const std::string& key) {
    const auto extent = disk.blob_of(key).extents.front();
    disk.damage(extent.segment, extent.offset + 64 + 1000);
}

void write_row(DiskCatalog& disk, const std::string& key, const std::string& value) {
    storage::Transaction transaction;
    transaction.puts.push_back({{{}, key}, value});
    REQUIRE(disk.run(disk.store().metadata.commit(disk.partition(), std::move(transaction))));
}

/// Whole objects, two damaged ones, a row that does not parse.
void fill(DiskCatalog& disk) {
    disk.put("inline", 1000);
    disk.put("whole", 100 * KiB);
    disk.put("broken", 100 * KiB);
    disk.put_multipart("movie", 100 * KiB);
    damage_blob(disk, "broken");
    damage_blob(disk, "movie");
    write_row(disk, "orow", "\xff\xff\xff");
}

/// What of it is listed, and how much else.
struct Listed {
    bool is_all = false;
    std::size_t others = 0;
};
Listed listed(DiskCatalog& disk) {
    std::set<std::string> found;
    Listed result;
    for (const auto& damage : disk.upkeep().damage().all()) {
        const bool known =
            damage.row_key == "obroken" || damage.row_key == "omovie" || damage.row_key == "orow";
        if (known && damage.kind != Damage::Kind::rows)
            found.insert(damage.row_key);
        else
            ++result.others;
    }
    result.is_all = found.size() == 3;
    return result;
}

}  // namespace

TEST_CASE("scrub: whichever call of a pass goes wrong, what is damaged stays listed, P11",
          "[workers][scrub]") {
    const auto trouble =
        GENERATE(fails_once, fails_for_ever, is_damaged_once, is_unavailable_once, is_stopped);
    FaultyDisk world(at_once());
    fill(world.disk);
    Scrubbing(world).run_once();
    REQUIRE(listed(world.disk).is_all);
    std::uint64_t nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO("call " << nth << ' ' << trouble.name);
        {
            Scrubbing troubled(world, milliseconds(0));  // it saves after each row
            world.arm(trouble, nth, troubled.scrubber);
            troubled.run_once();
            came = world.disarm();
        }
        CHECK(listed(world.disk).is_all);
        Scrubbing healthy(world);
        healthy.run_once();  // the rest of that pass
        healthy.run_once();
        CHECK(healthy.scrubber.report().failure.empty());
        CHECK(healthy.scrubber.report().at.empty());
        CHECK(listed(world.disk).is_all);
        CHECK(listed(world.disk).others == 0);
    }
    CHECK(nth > 30);
    CHECK(world.disk.get("whole") == text_of("whole", 100 * KiB));
}

TEST_CASE("scrub: whichever call goes wrong when the list is looked at again, it is kept, P11",
          "[workers][scrub]") {
    const auto trouble = GENERATE(fails_once, is_damaged_once, is_unavailable_once, is_stopped);
    FaultyDisk world(at_once());
    fill(world.disk);
    Scrubbing(world).run_once();
    Damage rows;
    rows.kind = Damage::Kind::rows;
    rows.partition = world.disk.partition();
    rows.row_key = "oa";
    rows.what = "told by the test";
    std::uint64_t nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO("call " << nth << ' ' << trouble.name);
        world.disk.upkeep().damage().note(rows);
        {
            Scrubbing troubled(world);
            world.arm(trouble, nth, troubled.scrubber);
            troubled.recheck();
            came = world.disarm();
        }
        CHECK(listed(world.disk).is_all);
        Scrubbing(world).recheck();
        CHECK(listed(world.disk).is_all);
        CHECK(listed(world.disk).others == 0);
    }
    CHECK(nth > 15);
}

TEST_CASE("scrub: rows that cannot be read nor skipped end the walk, and are told, P11",
          "[workers][scrub]") {
    const std::string call = GENERATE("snapshot.skip", "rows.scan");
    const auto kind = GENERATE(StorageError::Kind::io, StorageError::Kind::corrupt,
                               StorageError::Kind::unavailable);
    FaultyDisk world(at_once());
    fill(world.disk);
    Scrubbing(world).run_once();
    {
        Scrubbing troubled(world);
        world.faults.fail({"snapshot.next", 1, StorageError::Kind::corrupt, false, false});
        world.faults.before = [&](const std::string& called) {
            if (called == call) world.faults.fail({call, 1, kind, false, false});
        };
        troubled.run_once();
        world.faults.before = nullptr;
        world.faults.heal();
        CHECK_FALSE(troubled.scrubber.report().failure.empty());
    }
    CHECK(listed(world.disk).is_all);
    Scrubbing healthy(world);
    healthy.run_once();
    healthy.run_once();
    CHECK(healthy.scrubber.report().failure.empty());
    CHECK(listed(world.disk).is_all);
    CHECK(listed(world.disk).others == 0);
}

TEST_CASE("scrub: an object that is replaced or removed while it is looked at is not damaged",
          "[workers][scrub]") {
    const bool removes = GENERATE(false, true);
    FaultyDisk world(at_once());
    world.disk.put("cat.jpg", 100 * KiB);
    damage_blob(world.disk, "cat.jpg");
    bool changed = false;
    world.faults.before = [&](const std::string& call) {
        if (call != "blobs.open" || changed) return;
        changed = true;
        if (removes)
            world.disk.remove("cat.jpg");
        else
            world.disk.put("cat.jpg", 50 * KiB);
    };
    Scrubbing scrubbing(world);
    scrubbing.run_once();
    world.faults.before = nullptr;
    CHECK(changed);
    CHECK(scrubbing.scrubber.report().failure.empty());
    CHECK(world.disk.upkeep().damage().size() == 0);
}

TEST_CASE("scrub: a blob that says it belongs to another object is damage of the one that has it",
          "[workers][scrub]") {
    FaultyDisk world(at_once());
    storage::BlobIdentity identity;
    const bool same_bucket = GENERATE(true, false);
    if (same_bucket) identity.partition = world.disk.partition();
    identity.row_key = same_bucket ? "odog.jpg" : "ocat.jpg";
    auto writer = world.disk.begin_blob(50 * KiB);
    auto blob = world.disk.run(writer->finish(identity));
    REQUIRE(blob);
    records::Object object;
    catalog::to_record(*blob, object.mutable_body()->mutable_blob());
    write_row(world.disk, "ocat.jpg", object.SerializeAsString());
    Scrubbing(world).run_once();
    const auto all = world.disk.upkeep().damage().all();
    REQUIRE(all.size() == 1);
    CHECK(all.front().row_key == "ocat.jpg");
    CHECK_THAT(all.front().what, Catch::Contains("another object"));
}

TEST_CASE("scrub: a damaged part is followed to the object it became, and goes with it, 2.7.5",
          "[workers][scrub]") {
    FaultyDisk world(at_once());
    auto& disk = world.disk;
    const auto upload = disk.start_upload("movie");
    disk.put_part(upload, 1, 100 * KiB);
    disk.put_part(upload, 2, 100 * KiB);
    const auto row = catalog::part_row(upload.key, upload.upload_id, 2);
    auto rows = disk.run(disk.store().metadata.get(disk.partition(), {{{}, row}}));
    REQUIRE(rows);
    auto part = catalog::parse_record<records::Part>(*rows->front());
    REQUIRE(part);
    const auto extent = catalog::from_record(part->body().blob()).extents.front();
    disk.damage(extent.segment, extent.offset + 64 + 1000);
    Scrubbing(world).run_once();
    auto all = disk.upkeep().damage().all();
    REQUIRE(all.size() == 1);
    CHECK(all.front().row_key == row);
    disk.complete(upload);
    Scrubbing(world).recheck();
    all = disk.upkeep().damage().all();
    REQUIRE(all.size() == 1);
    CHECK(all.front().row_key == "omovie");
    disk.remove("movie");
    Scrubbing(world).recheck();
    CHECK(disk.upkeep().damage().size() == 0);
}

TEST_CASE("scrub: rows on the list that are gone, or were bodies, leave it when they can be read",
          "[workers][scrub]") {
    FaultyDisk world(at_once());
    world.disk.put("inline", 1000);
    const auto note = [&](Damage::Kind kind, const std::string& row, storage::RowFamily family) {
        Damage damage;
        damage.kind = kind;
        damage.partition = world.disk.partition();
        damage.row_key = row;
        damage.family = family;
        damage.what = "told by the test";
        world.disk.upkeep().damage().note(std::move(damage));
    };
    note(Damage::Kind::row, "ogone", storage::RowFamily::index);
    note(Damage::Kind::row, "oinline", storage::RowFamily::index);
    note(Damage::Kind::row, "oinline", storage::RowFamily::body);
    note(Damage::Kind::rows, "\x7f", storage::RowFamily::index);
    REQUIRE(world.disk.upkeep().damage().size() == 4);
    Scrubbing(world).recheck();
    CHECK(world.disk.upkeep().damage().size() == 0);
}

TEST_CASE("scrub: what reads met is named between passes, as far as it says whose it is",
          "[workers][scrub]") {
    FaultyDisk world(at_once());
    auto& disk = world.disk;
    disk.put("cat.jpg", 100 * KiB);
    disk.put("dog.jpg", 100 * KiB);
    disk.put("nameless", 100 * KiB);
    const auto nameless = disk.blob_of("nameless");
    const auto& extent = nameless.extents.back();
    disk.damage(extent.segment, extent.offset + extent.length - 64 - 2);  // its identity
    Damage damage;
    damage.what = "told by the test";
    damage.blob = disk.blob_of("cat.jpg");
    disk.upkeep().damage().note(damage);
    damage.blob = nameless;
    disk.upkeep().damage().note(damage);
    damage.blob = {};
    damage.blob.id.fill(9);  // without a place
    disk.upkeep().damage().note(damage);
    damage.blob = disk.blob_of("dog.jpg");
    damage.partition = disk.partition();
    damage.row_key = "odog.jpg";
    disk.upkeep().damage().note(damage);

    const auto named = [&] {
        std::set<std::string> rows;
        for (const auto& one : disk.upkeep().damage().all())
            if (one.bucket == "photos") rows.insert(one.row_key);
        return rows;
    };
    Scrubbing scrubbing(world, milliseconds(1));
    bool saved = false;
    world.faults.before = [&](const std::string& call) {
        if (call == "upkeep.write_note" && named().size() == 2) saved = true;
    };
    const auto work = [&]() -> base::Awaitable<void> {
        const auto executor = world.loop.get_executor();
        base::spawn(executor, scrubbing.scrubber.run());
        while (!saved) co_await base::asio::post(executor, base::use_awaitable);
        co_await scrubbing.scrubber.stop();
    };
    disk.upkeep().damage().note(damage);
    // The first thing the loop does is to look at what is listed: that is not to be forgotten.
    world.faults.fail({"blobs.open", 1, StorageError::Kind::corrupt, true, false});
    run_on(world.loop, work());
    world.faults.before = nullptr;
    CHECK(scrubbing.scrubber.report().passes == 0);
    CHECK(named() == std::set<std::string>{"ocat.jpg", "odog.jpg"});
    CHECK(disk.upkeep().damage().size() == 4);
}

TEST_CASE("scrub: a pass begins when it is due, and one that was cut off goes on, 2.7.5",
          "[workers][scrub]") {
    FaultyDisk world(at_once());
    fill(world.disk);
    auto options = unlimited(milliseconds(1));
    options.first_delay = milliseconds(0);
    options.interval = std::chrono::hours(1);
    const auto until_passed = [&](workers::Scrubber& scrubber) -> base::Awaitable<void> {
        const auto executor = world.loop.get_executor();
        base::spawn(executor, scrubber.run());
        while (scrubber.report().passes == 0)
            co_await base::asio::post(executor, base::use_awaitable);
        co_await scrubber.stop();
    };
    SECTION("it is due") {
        workers::Scrubber scrubber(world.loop.get_executor(), world.store(), world.buckets(),
                                   world.upkeep(), options);
        const auto work = [&]() -> base::Awaitable<void> {
            const auto executor = world.loop.get_executor();
            base::spawn(executor, scrubber.run());
            for (int i = 0; i < 1000; ++i) co_await base::asio::post(executor, base::use_awaitable);
            CHECK(scrubber.report().passes == 0);
            world.disk.clock.advance(std::chrono::hours(1));
            while (scrubber.report().passes == 0)
                co_await base::asio::post(executor, base::use_awaitable);
            co_await scrubber.stop();
        };
        run_on(world.loop, work());
    }
    SECTION("it was cut off") {
        {
            Scrubbing cut(world, milliseconds(0));
            world.arm(is_stopped, 20, cut.scrubber);
            cut.run_once();
            REQUIRE(world.disarm());
            CHECK(cut.scrubber.report().passes == 0);
        }
        workers::Scrubber scrubber(world.loop.get_executor(), world.store(), world.buckets(),
                                   world.upkeep(), options);
        run_on(world.loop, until_passed(scrubber));
    }
    world.faults.before = nullptr;
    CHECK(listed(world.disk).is_all);
}

TEST_CASE("scrub: a state that is damaged is begun anew, and costs nothing else, P11",
          "[workers][scrub]") {
    FaultyDisk world(at_once());
    fill(world.disk);
    Scrubbing(world).run_once();
    world.kill_and_restart();
    world.disk.damage_file(world.disk.data() + "/scrub-state", 30);
    Scrubbing scrubbing(world);
    scrubbing.recheck();
    CHECK_FALSE(listed(world.disk).is_all);
    scrubbing.run_once();
    CHECK(listed(world.disk).is_all);
    CHECK(scrubbing.scrubber.report().passes == 1);
}

TEST_CASE("scrub: nothing is written when the engine was started read-only", "[workers][scrub]") {
    FaultyDisk world(at_once());
    fill(world.disk);
    storage::EngineCondition condition;
    condition.cause = storage::EngineCondition::Cause::chosen;
    world.upkeep().forced_condition = condition;
    int writes = 0;
    world.faults.before = [&](const std::string& call) {
        if (call == "upkeep.write_note") ++writes;
    };
    Scrubbing(world, milliseconds(0)).run_once();
    world.faults.before = nullptr;
    CHECK(writes == 0);
    CHECK(listed(world.disk).is_all);
}
