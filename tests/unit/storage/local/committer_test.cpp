// Groups of transactions: what is written together, and in which order.

#include "storage/local/row_codec.h"
#include "tests/unit/storage/local/committer_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using namespace holdfast::tests;

TEST_CASE("committer: transactions that wait together share one write", "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    std::vector<Outcome> outcomes;
    {
        const Hold hold(*world.committer);
        for (int i = 0; i < 64; ++i)
            outcomes.push_back(submit(*world.committer, put_of(std::to_string(i), "v")));
    }
    RowVersion expected = 2;  // behind the one that held
    for (auto& outcome : outcomes) CHECK(*outcome.get() == expected++);
    CHECK(world.committer->commits() == 65);
    CHECK(world.committer->groups() == 2);
    CHECK(world.get("63")->version == 65);
}

TEST_CASE("committer: a group has at most 256 operations and about 1 MiB", "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    std::vector<Outcome> outcomes;
    std::uint64_t groups = 0;
    SECTION("operations") {
        const Hold hold(*world.committer);
        for (std::size_t i = 0; i <= group_operations_max; ++i)
            outcomes.push_back(submit(*world.committer, put_of(std::to_string(i), "v")));
        groups = 1 + 2;
    }
    SECTION("bytes") {
        const Hold hold(*world.committer);
        for (int i = 0; i < 3; ++i)
            outcomes.push_back(
                submit(*world.committer, put_of(std::to_string(i), std::string(600'000, 'v'))));
        groups = 1 + 3;
    }
    for (auto& outcome : outcomes) CHECK(outcome.get());
    CHECK(world.committer->groups() == groups);
}

TEST_CASE("committer: P9 of racing creations in one group the first wins, others are unharmed",
          "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    Outcome first;
    Outcome second;
    Outcome bystander;
    {
        const Hold hold(*world.committer);
        first = submit(*world.committer, create("key", "first"));
        second = submit(*world.committer, create("key", "second"));
        bystander = submit(*world.committer, create("other", "other"));
    }
    const auto won = first.get();
    REQUIRE(won);
    CHECK(failure_of(second) == StorageError::Kind::conflict);
    CHECK(*bystander.get() == *won + 1);  // no gap in the numbers
    CHECK(world.get("key")->value == "first");
    CHECK(world.committer->groups() == 2);
}

TEST_CASE("committer: a transaction sees what those before it in the group put and deleted",
          "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    REQUIRE(world.commit(put_of("deleted", "1")));
    REQUIRE(world.commit(put_of("ranged", "1")));
    std::vector<Outcome> outcomes;
    {
        const Hold hold(*world.committer);  // commit 3
        Transaction replace = put_of("new", "2");
        replace.expectations.push_back(Expectation{"new", 4});
        Transaction remove;
        remove.deletes.push_back(RowKey{RowFamily::index, "deleted"});
        Transaction remove_range;
        remove_range.range_deletes.push_back(RangeDelete{RowFamily::index, "n", "s"});
        outcomes.push_back(submit(*world.committer, create("new", "1")));
        outcomes.push_back(submit(*world.committer, std::move(replace)));
        outcomes.push_back(submit(*world.committer, std::move(remove)));
        outcomes.push_back(submit(*world.committer, create("deleted", "2")));
        outcomes.push_back(submit(*world.committer, std::move(remove_range)));
        outcomes.push_back(submit(*world.committer, create("ranged", "2")));
    }
    for (auto& outcome : outcomes) CHECK(outcome.get());
    CHECK(world.committer->groups() == 4);
    CHECK_FALSE(world.get("new"));  // put by the group itself, then deleted by its range
    CHECK(world.get("deleted")->value == "2");
    CHECK(world.get("ranged")->value == "2");
}

TEST_CASE("committer: a large range delete is seen by the rest of its group", "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    Transaction many;
    for (std::size_t i = 0; i <= point_deletes_max; ++i)
        many.puts.push_back(tests::put_row("r" + std::to_string(i), ""));
    REQUIRE(world.commit(std::move(many)));
    std::vector<Outcome> outcomes;
    {
        const Hold hold(*world.committer);
        Transaction remove_range;
        remove_range.range_deletes.push_back(RangeDelete{RowFamily::index, "r", "s"});
        outcomes.push_back(submit(*world.committer, create("r", "before")));
        outcomes.push_back(submit(*world.committer, std::move(remove_range)));
        outcomes.push_back(submit(*world.committer, create("r7", "after")));
        outcomes.push_back(submit(*world.committer, create("r", "after")));
    }
    for (auto& outcome : outcomes) CHECK(outcome.get());
    CHECK(world.keys_of(ScanRange{}) == std::vector<std::string>{"r", "r7"});
    CHECK(world.get("r")->value == "after");
}

TEST_CASE("committer: a full queue answers unavailable and harms nobody in it", "[local][commit]") {
    TemporaryDirectory directory;
    Committer::Options options;
    options.queue_max = 2;
    RowWorld world(directory, options);
    std::vector<Outcome> accepted;
    Outcome refused;
    {
        const Hold hold(*world.committer);
        accepted.push_back(submit(*world.committer, put_of("a", "")));
        accepted.push_back(submit(*world.committer, put_of("b", "")));
        refused = submit(*world.committer, put_of("c", ""));
        CHECK(failure_of(refused) == StorageError::Kind::unavailable);
    }
    for (auto& outcome : accepted) CHECK(outcome.get());
    CHECK_FALSE(world.get("c"));
}

TEST_CASE("committer: durability batched and relaxed answer with the same rows",
          "[local][commit]") {
    TemporaryDirectory directory;
    Committer::Options options;
    options.durability = GENERATE(Durability::batched, Durability::relaxed);
    RowWorld world(directory, options);
    CHECK(*world.commit(create("a", "1")) == 1);
    CHECK_FALSE(world.commit(create("a", "2")));
    CHECK(world.get("a")->value == "1");
}

TEST_CASE(
    "committer: a range delete of one family, or beside a row, leaves the row's version alone",
    "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    Transaction many;
    for (std::size_t i = 0; i <= point_deletes_max; ++i) {
        many.puts.push_back(tests::put_row("r" + std::to_string(i), ""));
        many.puts.push_back(Put{RowKey{RowFamily::body, "r" + std::to_string(i)}, ""});
    }
    for (const auto* key : {"a", "z", "x"}) many.puts.push_back(tests::put_row(key, "1"));
    REQUIRE(world.commit(std::move(many)));
    const auto remove = [](RowFamily family, const char* begin, const char* end) {
        Transaction transaction;
        transaction.range_deletes.push_back(RangeDelete{family, begin, end});
        return transaction;
    };
    const auto replace = [](const std::string& key, RowVersion version) {
        Transaction transaction = put_of(key, "2");
        transaction.expectations.push_back(Expectation{key, version});
        return transaction;
    };
    std::vector<Outcome> outcomes;
    {
        const Hold hold(*world.committer);
        outcomes.push_back(submit(*world.committer, remove(RowFamily::body, "q", "zz")));
        outcomes.push_back(submit(*world.committer, replace("r7", 1)));
        outcomes.push_back(submit(*world.committer, remove(RowFamily::index, "r", "s")));
        outcomes.push_back(submit(*world.committer, replace("a", 1)));
        outcomes.push_back(submit(*world.committer, replace("z", 1)));
        outcomes.push_back(submit(*world.committer, replace("r7", 0)));
        // What the group itself deleted once is not deleted twice.
        Transaction twice = remove(RowFamily::index, "x", "y");
        twice.deletes.push_back(RowKey{RowFamily::index, "x"});
        outcomes.push_back(submit(*world.committer, remove(RowFamily::index, "x", "y")));
        outcomes.push_back(submit(*world.committer, std::move(twice)));
    }
    for (auto& outcome : outcomes) CHECK(outcome.get());
    CHECK(world.keys_of(ScanRange{}) == std::vector<std::string>{"a", "r7", "z"});
    CHECK(world.get("r7")->value == "2");
}

namespace {

/// Collects what the log data of each batch in the WAL says.
class RangeCollector final : public rocksdb::WriteBatch::Handler {
public:
    rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
    void LogData(const rocksdb::Slice& blob) override {
        const auto range = parse_commit_range(blob.ToStringView());
        REQUIRE(range);
        ranges.emplace_back(range->first, range->last);
    }
    std::vector<std::pair<RowVersion, RowVersion>> ranges;
};

}  // namespace

TEST_CASE("committer: every batch in the WAL names its commits, without a gap",
          "[local][commit][format]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    std::vector<Outcome> outcomes;
    {
        const Hold hold(*world.committer);
        for (int i = 0; i < 3; ++i)
            outcomes.push_back(submit(*world.committer, put_of(std::to_string(i), "v")));
    }
    for (auto& outcome : outcomes) CHECK(outcome.get());
    REQUIRE(world.commit(put_of("last", "")));

    std::unique_ptr<rocksdb::TransactionLogIterator> log;
    REQUIRE(world.database->db().GetUpdatesSince(0, &log).ok());
    RangeCollector collector;
    for (; log->Valid(); log->Next())
        REQUIRE(log->GetBatch().writeBatchPtr->Iterate(&collector).ok());
    CHECK(collector.ranges ==
          std::vector<std::pair<RowVersion, RowVersion>>{{1, 1}, {2, 4}, {5, 5}});
}
