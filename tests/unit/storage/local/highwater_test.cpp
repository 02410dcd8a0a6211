#include "storage/local/highwater.h"

#include <cerrno>

#include "base/faulty_vfs.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage::local;
using tests::TemporaryDirectory;

namespace {

void overwrite(base::Vfs& vfs, const std::string& path, std::uint64_t offset,
               std::string_view content) {
    auto file = vfs.open(path, base::OpenMode::read_write);
    REQUIRE(file);
    REQUIRE((*file)->pwrite(offset, base::as_bytes(content)));
}

std::uint64_t mark_in(base::Vfs& vfs, const std::string& path) {
    const auto mark = HighWater::open(vfs, path);
    REQUIRE(mark);
    return (*mark)->commit_no();
}

}  // namespace

TEST_CASE("high water: golden bytes of format 1", "[local][highwater][format]") {
    const auto record = encode_high_water_slot(HighWaterSlot{0x0102, 0x030405});
    CHECK(base::to_hex(record) ==
          "4846484947485754"
          "0201000000000000"
          "0504030000000000"
          "07782fdc");
    const auto slot = parse_high_water_slot(record);
    REQUIRE(slot);
    CHECK(slot->incarnation == 0x0102);
    CHECK(slot->commit_no == 0x030405);
}

TEST_CASE("high water: a record with any byte changed or cut off is not one",
          "[local][highwater]") {
    const auto record = encode_high_water_slot(HighWaterSlot{1, 2});
    for (std::size_t i = 0; i < record.size(); ++i) {
        auto changed = record;
        changed[i] ^= 0x10;
        CHECK_FALSE(parse_high_water_slot(changed));
        CHECK_FALSE(parse_high_water_slot(base::ByteView(record).first(i)));
    }
}

TEST_CASE("high water: what was recorded is found, with and without a sync", "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto path = directory.file("highwater");
    {
        const auto mark = HighWater::create(*vfs, path);
        REQUIRE(mark);
        CHECK((*mark)->commit_no() == 0);
        CHECK_FALSE((*mark)->dirty());
        REQUIRE((*mark)->record(HighWaterSlot{1, 10}));
        CHECK((*mark)->dirty());
    }
    CHECK(mark_in(*vfs, path) == 10);
    for (std::uint64_t number = 11; number < 20; ++number) {
        {
            const auto mark = HighWater::open(*vfs, path);
            REQUIRE(mark);
            REQUIRE((*mark)->record(HighWaterSlot{1, number}));
            if (number % 3 == 0) REQUIRE((*mark)->sync());
            REQUIRE((*mark)->record(HighWaterSlot{1, number}));
        }
        CHECK(mark_in(*vfs, path) == number);
    }
}

TEST_CASE("high water: a torn write costs only what was not synced", "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto path = directory.file("highwater");
    // The creation's sync made slot 0 durable: records go to slot 1 until the next sync.
    {
        const auto mark = HighWater::create(*vfs, path);
        REQUIRE(mark);
        REQUIRE((*mark)->record(HighWaterSlot{1, 10}));
        REQUIRE((*mark)->record(HighWaterSlot{1, 11}));
    }
    SECTION("torn before the sync") {
        overwrite(*vfs, path, high_water_slot_bytes + 10, "torn");
        CHECK(mark_in(*vfs, path) == 0);
    }
    SECTION("torn after the sync of the open") {
        {
            const auto mark = HighWater::open(*vfs, path);
            REQUIRE(mark);
            REQUIRE((*mark)->record(HighWaterSlot{2, 12}));
            REQUIRE((*mark)->record(HighWaterSlot{2, 13}));
        }
        overwrite(*vfs, path, 10, "torn");
        CHECK(mark_in(*vfs, path) == 11);
    }
}

TEST_CASE(
    "high water: P12 what a failed sync may have dropped is written again before the next one",
    "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::FaultyVfs faulty(*vfs);
    const auto path = directory.file("highwater");
    // The kernel reports a failed write-back once and drops the page: the slot is the old one.
    const auto drop_slot = [&](std::uint64_t slot) {
        overwrite(*vfs, path, slot * high_water_slot_bytes,
                  std::string(high_water_record_bytes, '\0'));
    };
    auto mark = HighWater::create(faulty, path);
    REQUIRE(mark);
    REQUIRE((*mark)->record(HighWaterSlot{1, 10}));
    faulty.fail({"sync_data", "", 1, EIO, false});
    REQUIRE_FALSE((*mark)->sync());
    CHECK((*mark)->dirty());
    drop_slot(1);
    REQUIRE((*mark)->sync());
    CHECK_FALSE((*mark)->dirty());
    SECTION("the record is in its slot") {
        drop_slot(0);
        CHECK(mark_in(*vfs, path) == 10);
    }
    SECTION("the next record goes to the other slot") {
        REQUIRE((*mark)->record(HighWaterSlot{1, 11}));
        drop_slot(0);
        CHECK(mark_in(*vfs, path) == 10);
    }
    SECTION("what cannot be written again is not synced either") {
        REQUIRE((*mark)->record(HighWaterSlot{1, 11}));
        faulty.fail({"sync_data", "", 1, EIO, false});
        REQUIRE_FALSE((*mark)->sync());
        faulty.fail({"pwrite", "", 1, EIO, false});
        REQUIRE_FALSE((*mark)->sync());
        CHECK((*mark)->dirty());
        faulty.heal();
        REQUIRE((*mark)->sync());
        drop_slot(1);
        CHECK(mark_in(*vfs, path) == 11);
    }
}

TEST_CASE("high water: a record that failed half-way does not take the one before along",
          "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::FaultyVfs faulty(*vfs);
    const auto path = directory.file("highwater");
    auto mark = HighWater::create(faulty, path);
    REQUIRE(mark);
    REQUIRE((*mark)->record(HighWaterSlot{1, 0x0a}));
    faulty.fail({"pwrite", "", 1, EIO, false});
    REQUIRE_FALSE((*mark)->record(HighWaterSlot{0x0201, 0x0b}));
    REQUIRE((*mark)->sync());
    REQUIRE((*mark)->record(HighWaterSlot{1, 0x0c}));
    overwrite(*vfs, path, 10, "torn");
    CHECK(mark_in(*vfs, path) == 0x0a);
}

TEST_CASE(
    "high water: P11 an open makes a slot whole that a power failure tore, and keeps the mark",
    "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::FaultyVfs faulty(*vfs);
    const auto path = directory.file("highwater");
    {
        const auto mark = HighWater::create(*vfs, path);
        REQUIRE(mark);
        REQUIRE((*mark)->record(HighWaterSlot{1, 10}));
        REQUIRE((*mark)->sync());
    }
    const std::uint64_t torn = GENERATE(0, 1);
    overwrite(*vfs, path, torn * high_water_slot_bytes + 10, "torn");
    const auto mark = mark_in(*vfs, path);
    // Whatever call fails, the slot that was whole still is.
    for (std::uint64_t nth = 1;; ++nth) {
        REQUIRE(nth < 20);
        faulty.fail({"", "", nth, EIO, false});
        const bool opened = HighWater::open(faulty, path).has_value();
        CHECK(mark_in(*vfs, path) == mark);
        if (opened) break;
    }
    for (const std::uint64_t broken : {torn, 1 - torn}) {
        overwrite(*vfs, path, broken * high_water_slot_bytes + 10, "torn");
        CHECK(mark_in(*vfs, path) == mark);
        REQUIRE(HighWater::open(*vfs, path));
    }
}

TEST_CASE("high water: an open writes what it found again before it believes it",
          "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::FaultyVfs faulty(*vfs);
    const auto path = directory.file("highwater");
    {
        const auto mark = HighWater::create(faulty, path);
        REQUIRE(mark);
        REQUIRE((*mark)->record(HighWaterSlot{1, 10}));
        faulty.fail({"sync_data", "", 1, EIO, false});
        REQUIRE_FALSE((*mark)->sync());
    }
    // The page of the failed sync is in the cache, and clean.
    const auto writes = faulty.calls("pwrite");
    const auto mark = HighWater::open(faulty, path);
    REQUIRE(mark);
    CHECK((*mark)->commit_no() == 10);
    CHECK(faulty.calls("pwrite") == writes + 1);
}

TEST_CASE("high water: a file without a whole slot, or none at all, is damage",
          "[local][highwater]") {
    TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto path = directory.file("highwater");
    const auto missing = HighWater::open(*vfs, path);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == OpenError::Kind::damaged);
    {
        const auto mark = HighWater::create(*vfs, path);
        REQUIRE(mark);
        REQUIRE((*mark)->record(HighWaterSlot{1, 10}));
    }
    overwrite(*vfs, path, 0, "x");
    overwrite(*vfs, path, high_water_slot_bytes, "x");
    const auto damaged = HighWater::open(*vfs, path);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().kind == OpenError::Kind::damaged);
    CHECK(damaged.error().message.find("neither slot") != std::string::npos);
}

TEST_CASE("high water: reading the mark leaves the file alone", "[local][highwater]") {
    const auto kernel = base::make_posix_vfs();
    base::FaultyVfs vfs(*kernel);
    TemporaryDirectory directory;
    const auto path = directory.file("highwater");
    REQUIRE((*HighWater::create(vfs, path))->record(HighWaterSlot{1, 7}));
    const auto before = directory.read("highwater");
    const auto writes = vfs.calls("pwrite");
    const auto mark = HighWater::read(vfs, path);
    REQUIRE(mark);
    CHECK(mark->commit_no == 7);
    CHECK(vfs.calls("pwrite") == writes);
    CHECK(directory.read("highwater") == before);
    CHECK(HighWater::read(vfs, directory.file("none")).error().kind == OpenError::Kind::damaged);
}
