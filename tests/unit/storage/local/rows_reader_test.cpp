#include "storage/local/row_reader.h"

#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using local::read_rows;
using local::ReadDepth;
using test::run;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

// Row 0 and every second one after it is there; between two of them is always one that is not.
constexpr int numbers = 4000;
// RocksDB opens this many tables with the database, the others when they are first read.
constexpr std::size_t tables_opened_at_once = 16;

std::string key_of(int number) {
    return "k" + std::to_string(10'000 + number);
}

/// Too short for a blob file, so that the tables themselves become many.
std::string value_of(int number) {
    return std::to_string(number) + std::string(500, 'v');
}

std::size_t tables_of(RowWorld& world, RowFamily family) {
    rocksdb::ColumnFamilyMetaData data;
    world.database->db().GetColumnFamilyMetaData(world.database->family(family), &data);
    return data.file_count;
}

/// Both families in many tables of their last level, which nothing wants to compact.
void fill(RowWorld& world) {
    Transaction transaction;
    for (int number = 0; number < numbers; number += 2)
        for (const auto family : {RowFamily::index, RowFamily::body})
            transaction.puts.push_back(Put{RowKey{family, key_of(number)}, value_of(number)});
    REQUIRE(world.commit(std::move(transaction)));
    auto& db = world.database->db();
    for (const auto family : {RowFamily::index, RowFamily::body}) {
        auto* handle = world.database->family(family);
        REQUIRE(db.SetOptions(handle, {{"target_file_size_base", "8192"},
                                       {"compression", "kNoCompression"}})
                    .ok());
        rocksdb::CompactRangeOptions rewrite;  // a file that is alone is only moved otherwise
        rewrite.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
        REQUIRE(db.CompactRange(rewrite, handle, nullptr, nullptr).ok());
        REQUIRE(tables_of(world, family) > 2 * tables_opened_at_once);
    }
}

/// How a read of one row at this depth came out.
enum class Outcome { not_in_memory, right, wrong };

Outcome read(RowWorld& world, const RowKey& key, int number, ReadDepth depth) {
    const auto answer = read_rows(*world.database, "p", {key}, depth);
    if (!answer) return Outcome::not_in_memory;
    if (!*answer) return Outcome::wrong;
    const auto& row = (*answer)->at(0);
    const bool expected = number % 2 == 0;
    if (row.has_value() != expected) return Outcome::wrong;
    if (row && (row->value != value_of(number) || row->version != 1)) return Outcome::wrong;
    return Outcome::right;
}

}  // namespace

TEST_CASE("rows: a row of a table that is not open is not in memory, there or not",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        fill(world);
    }
    const auto family = GENERATE(RowFamily::index, RowFamily::body);
    RowWorld world(directory);
    REQUIRE(tables_of(world, family) > 2 * tables_opened_at_once);
    int not_in_memory = 0;
    int wrong = 0;
    for (int number = 0; number < numbers; ++number) {
        const auto outcome = read(world, {family, key_of(number)}, number, ReadDepth::memory);
        if (outcome == Outcome::not_in_memory) ++not_in_memory;
        if (outcome == Outcome::wrong) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(not_in_memory > 0);
    int right = 0;
    for (int number = 0; number < numbers; ++number)
        if (read(world, {family, key_of(number)}, number, ReadDepth::disk) == Outcome::right)
            ++right;
    CHECK(right == numbers);
}

TEST_CASE("rows: a store of more tables than are opened at once answers every read",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        fill(world);
    }
    RowWorld world(directory);
    for (int number = 0; number + 1 < numbers; number += 50) {
        std::vector<RowKey> keys;
        for (const auto family : {RowFamily::index, RowFamily::body})
            for (const int wanted : {number, number + 1})
                keys.push_back(RowKey{family, key_of(wanted)});
        const auto rows = run(world.rows->get("p", std::move(keys)));
        REQUIRE(rows);
        for (const std::size_t present : {0, 2}) {
            REQUIRE(rows->at(present));
            CHECK(rows->at(present)->value == value_of(number));
            CHECK_FALSE(rows->at(present + 1));
        }
    }
}

TEST_CASE("rows: P8 a short page is whole although it touches tables that are not open",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        fill(world);
    }
    RowWorld world(directory);
    int whole = 0;
    int pages = 0;
    for (int number = 0; number + 40 < numbers; number += 20) {
        ScanRange range{key_of(number), key_of(number + 40)};
        range.rows_max = 100;
        ++pages;
        if (world.keys_of(std::move(range)).size() == 20) ++whole;
    }
    CHECK(whole == pages);
}
