#include "storage/local/row_store.h"

#include "storage/local/row_codec.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using test::run;
using tests::put_of;
using tests::put_row;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

Transaction put_if(std::string key, std::string value, RowVersion expected) {
    Transaction transaction = put_of(key, std::move(value));
    transaction.expectations.push_back(Expectation{std::move(key), expected});
    return transaction;
}

Transaction delete_range(RowFamily family, std::string begin, std::string end) {
    Transaction transaction;
    transaction.range_deletes.push_back(RangeDelete{family, std::move(begin), std::move(end)});
    return transaction;
}

/// Moves everything out of the memtables, so that reads need files.
void flush(RowWorld& world) {
    for (const auto family : {RowFamily::index, RowFamily::body})
        REQUIRE(world.database->db()
                    .Flush(rocksdb::FlushOptions(), world.database->family(family))
                    .ok());
}

}  // namespace

TEST_CASE("rows: a row that was put is there with the commit's number as its version",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    const auto first = world.commit(put_of("a", "1"));
    const auto second = world.commit(put_of("b", ""));
    REQUIRE(first);
    REQUIRE(second);
    CHECK(*first == 1);
    CHECK(*second == 2);
    const auto row = world.get("a");
    REQUIRE(row);
    CHECK(row->key == "a");
    CHECK(row->value == "1");
    CHECK(row->version == 1);
    CHECK(world.get("b")->value.empty());
    CHECK_FALSE(world.get("c"));
}

TEST_CASE("rows: P1 what was acked is there after a close and after a crash", "[local][rows]") {
    TemporaryDirectory directory;
    std::uint64_t acked = 0;
    for (const bool clean : {false, true, false, true}) {
        RowWorld world(directory);
        CHECK(world.database->commit_no() == acked);
        for (std::uint64_t number = 1; number <= acked; ++number)
            CHECK(world.get("k" + std::to_string(number))->version == number);
        for (int i = 0; i < 5; ++i) {
            ++acked;
            REQUIRE(world.commit(put_of("k" + std::to_string(acked), "v")));
        }
        if (clean) {
            CHECK(*world.committer->finish() == acked);
        }
    }
    RowWorld world(directory);
    CHECK(world.database->commit_no() == acked);
    CHECK(world.high_water->commit_no() == acked);
}

TEST_CASE("rows: an expectation holds for exactly the version it names", "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    const auto created = world.commit(put_if("a", "1", 0));
    REQUIRE(created);
    for (const RowVersion wrong : {RowVersion{0}, *created + 1}) {
        const auto refused = world.commit(put_if("a", "2", wrong));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == StorageError::Kind::conflict);
    }
    CHECK(world.get("a")->value == "1");
    CHECK(world.commit(put_if("a", "2", *created)));
    CHECK(world.get("a")->value == "2");
}

TEST_CASE("rows: range deletes, deletes and puts apply in this order", "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    REQUIRE(world.commit(put_of("a1", "old")));
    REQUIRE(world.commit(put_of("a2", "old")));
    Transaction transaction = put_of("a1", "new");
    transaction.deletes.push_back(RowKey{RowFamily::index, "a1"});
    transaction.range_deletes.push_back(RangeDelete{RowFamily::index, "a", "b"});
    REQUIRE(world.commit(std::move(transaction)));
    CHECK(world.get("a1")->value == "new");
    CHECK_FALSE(world.get("a2"));
}

TEST_CASE("rows: a range delete takes [begin, end) of one family of one partition",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    Transaction transaction;
    for (const auto* key : {"a", "b", "c", "d"}) transaction.puts.push_back(put_row(key, "1"));
    transaction.puts.push_back(Put{RowKey{RowFamily::body, "b"}, "body"});
    REQUIRE(world.commit(transaction));
    REQUIRE(run(world.rows->commit("q", transaction)));
    REQUIRE(world.commit(delete_range(RowFamily::index, "b", "d")));
    CHECK(world.keys_of(ScanRange{}) == std::vector<std::string>{"a", "d"});
    std::vector<RowKey> keys{{RowFamily::body, "b"}};
    CHECK(run(world.rows->get("p", keys))->at(0)->value == "body");
    const auto other = run(world.rows->scan("q", ScanRange{}));
    CHECK(other->rows.size() == 4);
    SECTION("an empty range takes nothing") {
        REQUIRE(world.commit(delete_range(RowFamily::index, "a", "")));
        REQUIRE(world.commit(delete_range(RowFamily::index, "d", "a")));
        CHECK(world.keys_of(ScanRange{}) == std::vector<std::string>{"a", "d"});
    }
}

TEST_CASE("rows: a range delete of more rows than are deleted one by one takes them all",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    Transaction transaction;
    for (std::size_t i = 0; i <= local::point_deletes_max; ++i)
        transaction.puts.push_back(put_row("r" + std::to_string(i), ""));
    REQUIRE(world.commit(std::move(transaction)));
    REQUIRE(world.commit(delete_range(RowFamily::index, "r", "s")));
    CHECK(world.keys_of(ScanRange{}).empty());
    CHECK(world.commit(put_if("r5", "again", 0)));
    CHECK(world.keys_of(ScanRange{}) == std::vector<std::string>{"r5"});
}

TEST_CASE("rows: the answers of a get are in the order asked, across families and partitions",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    Transaction transaction = put_of("k", "index");
    transaction.puts.push_back(Put{RowKey{RowFamily::body, "k"}, std::string(5000, 'b')});
    REQUIRE(world.commit(std::move(transaction)));
    REQUIRE(run(world.rows->commit("p2", put_of("k", "other"))));
    for (const bool flushed : {false, true}) {
        if (flushed) flush(world);
        std::vector<RowKey> keys{{RowFamily::body, "k"},
                                 {RowFamily::index, "none"},
                                 {RowFamily::index, "k"},
                                 {RowFamily::body, "none"}};
        const auto rows = run(world.rows->get("p", std::move(keys)));
        REQUIRE(rows);
        REQUIRE(rows->size() == 4);
        CHECK(rows->at(0)->value == std::string(5000, 'b'));
        CHECK_FALSE(rows->at(1));
        CHECK(rows->at(2)->value == "index");
        CHECK(rows->at(2)->version == rows->at(0)->version);
        CHECK_FALSE(rows->at(3));
    }
    CHECK(run(world.rows->get("p", {}))->empty());
}

TEST_CASE("rows: a scan pages through a partition in byte order", "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    const std::string high = "\xff\xff";
    const std::string with_nul("a\0b", 3);
    for (const auto& key : {std::string("a"), with_nul, std::string("b"), high})
        REQUIRE(world.commit(put_of(key, "12345")));
    // Neighbours on the disk that must never show up.
    REQUIRE(run(world.rows->commit("o", put_of("z", ""))));
    REQUIRE(run(world.rows->commit("p!", put_of("", ""))));
    flush(world);
    CHECK(world.keys_of(ScanRange{}) == std::vector<std::string>{"a", with_nul, "b", high});
    CHECK(world.keys_of(ScanRange{"a", "b"}) == std::vector<std::string>{"a", with_nul});
    CHECK(world.keys_of(ScanRange{"b", ""}) == std::vector<std::string>{"b", high});

    const auto two = run(world.rows->scan("p", ScanRange{"", "", 2}));
    CHECK(two->rows.size() == 2);
    CHECK(two->more);
    const auto all = run(world.rows->scan("p", ScanRange{"", "", 4}));
    CHECK(all->rows.size() == 4);
    CHECK_FALSE(all->more);
    const auto by_bytes = run(world.rows->scan("p", ScanRange{"", "", 1000, 14}));
    CHECK(by_bytes->rows.size() == 2);
    CHECK(by_bytes->more);
    const auto at_least_one = run(world.rows->scan("p", ScanRange{"", "", 1000, 1}));
    CHECK(at_least_one->rows.size() == 1);
    CHECK(at_least_one->more);
    const auto exact_end = run(world.rows->scan("p", ScanRange{"", "b", 2}));
    CHECK_FALSE(exact_end->more);
}

TEST_CASE("rows: reads that memory cannot answer come from the disk", "[local][rows]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        Transaction transaction;
        for (int i = 1000; i < 1300; ++i)
            transaction.puts.push_back(put_row(std::to_string(i), std::string(100, 'x')));
        REQUIRE(world.commit(std::move(transaction)));
        flush(world);
    }
    RowWorld world(directory);
    CHECK(world.get("1150")->value == std::string(100, 'x'));
    CHECK(world.keys_of(ScanRange{"1290", "", 50}).size() == 10);
    CHECK(world.keys_of(ScanRange{}).size() == 300);
}

TEST_CASE("rows: P10 a stored row without a version is reported, not returned", "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    REQUIRE(world.database->db()
                .Put(rocksdb::WriteOptions(), world.database->family(RowFamily::index),
                     local::disk_key("p", "bad"), "short")
                .ok());
    std::vector<RowKey> keys{{RowFamily::index, "bad"}};
    const auto got = run(world.rows->get("p", std::move(keys)));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind == StorageError::Kind::corrupt);
    const auto page = run(world.rows->scan("p", ScanRange{}));
    REQUIRE_FALSE(page);
    CHECK(page.error().kind == StorageError::Kind::corrupt);
    const auto refused = world.commit(put_if("bad", "x", 0));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::corrupt);
}
