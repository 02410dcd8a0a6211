#include "storage/local/row_reader.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using local::read_rows;
using local::ReadDepth;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

constexpr int numbers = 6000;
constexpr int last_level = 6;

std::string key_of(int number) {
    return "k" + std::to_string(10'000 + number);
}

std::string value_of(int number, int version) {
    return std::to_string(number) + "v" + std::to_string(version) + std::string(900, '.');
}

void put(RowWorld& world, RowFamily family, int step, int version) {
    Transaction transaction;
    for (int number = 0; number < numbers; number += step)
        transaction.puts.push_back(Put{RowKey{family, key_of(number)}, value_of(number, version)});
    REQUIRE(world.commit(std::move(transaction)));
    REQUIRE(world.database->db().Flush({}, world.database->family(family)).ok());
}

std::vector<std::string> tables_of(RowWorld& world, RowFamily family, int level) {
    rocksdb::ColumnFamilyMetaData data;
    world.database->db().GetColumnFamilyMetaData(world.database->family(family), &data);
    std::vector<std::string> names;
    for (const auto& table : data.levels.at(static_cast<std::size_t>(level)).files)
        names.push_back(table.name);
    return names;
}

/// All rows in a table of the last level, every second one again in many tables above it. They are
/// so small that nothing wants to compact them.
void fill(RowWorld& world, RowFamily family) {
    auto& db = world.database->db();
    auto* handle = world.database->family(family);
    put(world, family, 1, 1);
    rocksdb::CompactRangeOptions down;
    down.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    REQUIRE(db.CompactRange(down, handle, nullptr, nullptr).ok());
    put(world, family, 2, 2);
    rocksdb::CompactionOptions one_down;
    one_down.compression = rocksdb::kNoCompression;
    one_down.output_file_size_limit = 1000;
    REQUIRE(db.CompactFiles(one_down, handle, tables_of(world, family, 0), last_level - 1).ok());
}

/// Descriptors of this process for tables in the directory.
std::size_t open_tables(const TemporaryDirectory& directory) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto path = std::filesystem::read_symlink(entry.path(), gone).string();
        if (path.starts_with(directory.file("index")) && path.ends_with(".sst")) ++count;
    }
    return count;
}

/// The value, or nothing when it is not in memory. REQUIRES: the row is there.
std::optional<std::string> read(RowWorld& world, RowFamily family, int number, ReadDepth depth) {
    const auto answer = read_rows(*world.database, "p", {{family, key_of(number)}}, depth);
    if (!answer) return std::nullopt;
    REQUIRE(*answer);
    const auto& row = (*answer)->at(0);
    return row ? row->value : "no row";
}

}  // namespace

// RocksDB answers a read of the memory tier that meets a table which is not open with OK and no
// value. While all tables fit into the bound, what was read once is answered from memory.
TEST_CASE("rows: P8 memory never answers with an older version than the disk has",
          "[local][rows]") {
    const auto family = GENERATE(RowFamily::index, RowFamily::body);
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        fill(world, family);
    }
    RowWorld world(directory);
    REQUIRE(tables_of(world, family, last_level).size() == 1);
    REQUIRE(tables_of(world, family, last_level - 1).size() > 150);
    // The old table, which has all of them, comes into memory with the neighbours.
    for (int number = 1; number < numbers; number += 2)
        REQUIRE(read(world, family, number, ReadDepth::disk) == value_of(number, 1));
    int old = 0;
    for (int number = 0; number < numbers; number += 2) {
        const auto value = read(world, family, number, ReadDepth::memory);
        if (value && *value != value_of(number, 2)) ++old;
    }
    CHECK(old == 0);
    int newest = 0;
    for (int number = 0; number < numbers; number += 2)
        if (read(world, family, number, ReadDepth::disk) == value_of(number, 2)) ++newest;
    CHECK(newest == numbers / 2);
    int from_memory = 0;
    for (int number = 0; number < numbers; number += 2)
        if (read(world, family, number, ReadDepth::memory) == value_of(number, 2)) ++from_memory;
    CHECK(from_memory == numbers / 2);
}

TEST_CASE("rows: P8 2.5 an index of far more tables than may be open knows no older version",
          "[local][rows]") {
    const auto family = GENERATE(RowFamily::index, RowFamily::body);
    const std::size_t files_open_max = GENERATE(20, 96);
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        fill(world, family);
    }
    RowWorld world(directory, {}, files_open_max);
    REQUIRE(tables_of(world, family, last_level - 1).size() > 150);
    int old = 0;
    int missing = 0;
    const auto look = [&](int number, ReadDepth depth) {
        const auto value = read(world, family, number, depth);
        if (!value) ++missing;
        if (value && *value != value_of(number, number % 2 == 0 ? 2 : 1)) ++old;
    };
    // From the disk and from memory in turns, so that tables come and go between them.
    for (int number = 0; number < numbers; ++number) look(number, ReadDepth::disk);
    CHECK(missing == 0);
    for (int number = 0; number < numbers; ++number) {
        look(number, ReadDepth::memory);
        look((number * 7) % numbers, ReadDepth::disk);
    }
    CHECK(old == 0);
    CHECK(missing > 0);  // or nothing would be shown
    CHECK(open_tables(directory) <= 128);
    ScanRange all{key_of(0), key_of(numbers)};
    all.rows_max = numbers;
    all.bytes_max = 1 << 30;
    CHECK(world.keys_of(std::move(all)).size() ==
          (family == RowFamily::index ? std::size_t{numbers} : 0));
}
