// The scrub when any of its calls fails, or it is stopped there: what is damaged stays listed, and
// nothing else is after the next pass on a healthy disk (P11).

#include "base/limits.h"
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
