// The reclaimer over the engine on disk when any of its calls fails, or it is stopped there: no row
// of garbage goes before its blobs, and a later turn gives everything back (2.7.1, P13).

#include "base/limits.h"
#include "storage/catalog/dropped_blobs.h"
#include "tests/component/workers/faulty_disk.h"

using namespace holdfast;
using namespace holdfast::test;
using base::KiB;

namespace {

workers::ReclaimerOptions impatient() {
    workers::ReclaimerOptions options;
    options.patience = std::chrono::milliseconds(1);
    options.at_once = 2;
    return options;
}

/// A reclaimer as after a start: its first turn goes through all rows.
struct Reclaiming {
    explicit Reclaiming(FaultyDisk& w)
        : world(w),
          reclaimer(w.loop.get_executor(), w.store(), w.buckets(), w.uploads(), impatient()) {}
    void run_once() { run_on(world.loop, reclaimer.run_once()); }

    FaultyDisk& world;
    workers::Reclaimer reclaimer;
};

/// A deleted bucket that has a part of an unfinished upload.
void leave_deleted_bucket(DiskCatalog& disk, const std::string& name) {
    catalog::Buckets buckets(disk.store());
    records::Bucket record;
    record.set_name(name);
    record.set_owner("owner");
    auto made = disk.run(buckets.create(std::move(record)));
    REQUIRE(made);
    records::Part part;
    part.set_number(1);
    catalog::to_record(disk.write_blob(50 * KiB), part.mutable_body()->mutable_blob());
    storage::Transaction transaction;
    catalog::put_row(transaction, storage::RowFamily::index,
                     catalog::part_row("key", "upload-000001", 1), part.SerializeAsString());
    REQUIRE(disk.run(disk.store().metadata.commit(catalog::bucket_partition((*made)->id()),
                                                  std::move(transaction))));
    REQUIRE(disk.run(buckets.remove(*made)));
}

/// An upload whose end is remembered for longer than is needed.
void leave_memory(DiskCatalog& disk) {
    disk.put_multipart("movie", 100 * KiB);
    disk.clock.advance(std::chrono::hours(25));
}

}  // namespace

TEST_CASE("Reclaimer: whichever call of a turn goes wrong, nothing is lost and all comes back, P13",
          "[workers][reclaimer]") {
    const auto trouble = GENERATE(fails_once, is_held_once, is_stopped);
    FaultyDisk world(at_once());
    auto& disk = world.disk;
    Content content(disk, 100 * KiB);
    std::uint64_t nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO("call " << nth << ' ' << trouble.name);
        leave_memory(disk);
        for (const char* key : {"replaced1", "replaced2", "replaced3"}) {
            disk.put(key, 60 * KiB);
            disk.put(key, 50 * KiB);
        }
        static_cast<void>(disk.store().garbage.take());  // only the rows know of these
        leave_deleted_bucket(disk, "bucket" + std::to_string(nth));
        disk.put("removed", 50 * KiB);
        disk.remove("removed");
        {
            Reclaiming troubled(world);
            world.arm(trouble, nth, troubled.reclaimer);
            troubled.run_once();
            came = world.disarm();
        }
        content.check();
        CHECK(disk.get("replaced1") == text_of("replaced1", 50 * KiB));
        // Before anything else finds it: what is not given back is still named by a row.
        const auto left = world.collect();
        CHECK(left.failure.empty());
        CHECK(left.released == 0);
        CHECK(left.orphans == 0);
        Reclaiming(world).run_once();
        check_settled(world, world.collect());
    }
    CHECK(nth > 20);
    content.check_all();
}
