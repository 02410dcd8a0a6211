#include "storage/local/committer.h"

#include <future>
#include <thread>

#include "base/failpoint.h"
#include "base/metrics.h"
#include "storage/local/row_codec.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using tests::put_of;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

using Outcome = std::future<Result<RowVersion>>;

class Failpoints {
public:
    explicit Failpoints(const char* specification) { REQUIRE(base::set_failpoints(specification)); }
    Failpoints(const Failpoints&) = delete;
    Failpoints& operator=(const Failpoints&) = delete;
    ~Failpoints() { base::set_failpoints(""); }
};

Outcome submit(Committer& committer, Transaction transaction) {
    auto promise = std::make_shared<std::promise<Result<RowVersion>>>();
    auto outcome = promise->get_future();
    committer.submit(CommitRequest{
        "p", std::move(transaction),
        [promise](Result<RowVersion> answer) { promise->set_value(std::move(answer)); }});
    return outcome;
}

/// Keeps the committer busy with the answer to a transaction of its own, so that what is submitted
/// meanwhile becomes one group.
class Hold {
public:
    explicit Hold(Committer& committer) {
        committer.submit(CommitRequest{"hold", {}, [state = state_](const Result<RowVersion>&) {
                                           state->held.set_value();
                                           state->released.get_future().wait();
                                       }});
        state_->held.get_future().wait();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { state_->released.set_value(); }

private:
    /// Shared: the committer may still be leaving when this test has gone on.
    struct State {
        std::promise<void> held;
        std::promise<void> released;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

Transaction create(const std::string& key, std::string value) {
    Transaction transaction = put_of(key, std::move(value));
    transaction.expectations.push_back(Expectation{key, 0});
    return transaction;
}

StorageError::Kind failure_of(Outcome& outcome) {
    const auto answer = outcome.get();
    REQUIRE_FALSE(answer);
    return answer.error().kind;
}

}  // namespace

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

TEST_CASE("committer: P5 a failed write leaves its group in doubt, the rest refused, reads going",
          "[local][commit][durability]") {
    TemporaryDirectory directory;
    const bool written = GENERATE(false, true);
    {
        RowWorld world(directory);
        REQUIRE(world.commit(put_of("before", "1")));
        const Failpoints failing(written ? "commit.wal.after=eio@2" : "commit.wal.before=eio@2");
        Outcome doubtful;
        Outcome conflicting;
        {
            const Hold hold(*world.committer);
            doubtful = submit(*world.committer, create("doubtful", "1"));
            conflicting = submit(*world.committer, create("doubtful", "2"));
        }
        CHECK(failure_of(doubtful) == StorageError::Kind::in_doubt);
        // It lost against a transaction of which nobody knows whether it happened.
        CHECK(failure_of(conflicting) == StorageError::Kind::read_only);
        auto later = submit(*world.committer, put_of("later", "1"));
        CHECK(failure_of(later) == StorageError::Kind::read_only);
        CHECK(world.committer->failed());
        CHECK(world.get("before")->value == "1");
        const auto finished = world.committer->finish();
        REQUIRE_FALSE(finished);
        CHECK(finished.error().kind == StorageError::Kind::read_only);
    }
    RowWorld reopened(directory);
    CHECK(reopened.get("before"));
    CHECK(reopened.get("doubtful").has_value() == written);
    CHECK_FALSE(reopened.get("later"));
    CHECK(reopened.commit(put_of("later", "1")));
}

namespace {

double failed_marks() {
    double sum = 0;
    for (const auto& sample : base::metrics::samples())
        if (sample.name == "holdfast_highwater_failures_total") sum += sample.value;
    return sum;
}

}  // namespace

TEST_CASE("committer: the high-water mark follows each group, and fails without harm",
          "[local][commit][highwater]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        REQUIRE(world.commit(put_of("a", "")));
        REQUIRE(world.commit(put_of("b", "")));
        const auto before = failed_marks();
        const Failpoints failing("highwater.write=eio");
        REQUIRE(world.commit(put_of("c", "")));
        REQUIRE(world.commit(put_of("d", "")));
        CHECK(failed_marks() == before + 2);
    }
    RowWorld world(directory);
    CHECK(world.high_water->commit_no() == 2);
    CHECK(world.database->commit_no() == 4);
}

TEST_CASE("committer: with durability relaxed the mark waits for the clean stop",
          "[local][commit][highwater]") {
    TemporaryDirectory directory;
    Committer::Options options;
    options.durability = Durability::relaxed;
    RowWorld world(directory, options);
    REQUIRE(world.commit(put_of("a", "")));
    CHECK(world.high_water->commit_no() == 0);
    CHECK(*world.committer->finish() == 1);
    CHECK(world.high_water->commit_no() == 1);
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

TEST_CASE("committer: after its end it answers unavailable", "[local][commit]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    REQUIRE(world.commit(put_of("a", "")));
    REQUIRE(world.committer->finish());
    auto late = submit(*world.committer, put_of("b", ""));
    CHECK(failure_of(late) == StorageError::Kind::unavailable);
}

TEST_CASE(
    "committer: P5 a second group that waits while the first one fails is refused, not in doubt",
    "[local][commit][durability]") {
    TemporaryDirectory directory;
    const std::size_t waiting = group_operations_max + 3;
    {
        RowWorld world(directory);
        std::vector<Outcome> outcomes;
        const Failpoints failing("commit.wal.before=eio@2");
        {
            const Hold hold(*world.committer);
            for (std::size_t i = 0; i < waiting; ++i)
                outcomes.push_back(submit(*world.committer, put_of(std::to_string(i), "v")));
        }
        for (std::size_t i = 0; i < waiting; ++i)
            CHECK(failure_of(outcomes[i]) == (i < group_operations_max
                                                  ? StorageError::Kind::in_doubt
                                                  : StorageError::Kind::read_only));
    }
    RowWorld reopened(directory);
    CHECK(reopened.keys_of(ScanRange{}).empty());
}

TEST_CASE("committer: P5 what could not be read keeps its own error when its group fails",
          "[local][commit][durability]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    // Too short for a version.
    REQUIRE(world.database->db()
                .Put({}, world.database->family(RowFamily::index), disk_key("p", "damaged"), "")
                .ok());
    const Failpoints failing("commit.wal.before=eio@2");
    Outcome doubtful;
    Outcome unreadable;
    {
        const Hold hold(*world.committer);
        doubtful = submit(*world.committer, put_of("doubtful", "1"));
        unreadable = submit(*world.committer, create("damaged", "1"));
    }
    CHECK(failure_of(doubtful) == StorageError::Kind::in_doubt);
    CHECK(failure_of(unreadable) == StorageError::Kind::corrupt);
}

TEST_CASE("committer: what waits when it stops is answered, and was not written",
          "[local][commit]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        std::vector<Outcome> waiting;
        std::thread stopping;
        {
            const Hold hold(*world.committer);
            waiting.push_back(submit(*world.committer, put_of("a", "")));
            stopping = std::thread([&] { world.committer->stop(); });
            // Until it has heard of it: then it refuses, and not for a full queue.
            for (bool stopped = false; !stopped; std::this_thread::yield()) {
                auto late = submit(*world.committer, put_of("b", ""));
                if (late.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
                    stopped = late.get().error().detail.find("stopping") != std::string::npos;
                else
                    waiting.push_back(std::move(late));
            }
        }
        stopping.join();
        for (auto& outcome : waiting) CHECK(failure_of(outcome) == StorageError::Kind::unavailable);
    }
    RowWorld reopened(directory);
    CHECK(reopened.keys_of(ScanRange{}).empty());
}

TEST_CASE("committer: a stop does not wait for the company that a group waits for",
          "[local][commit]") {
    for (int round = 0; round < 5; ++round) {
        TemporaryDirectory directory;
        Committer::Options options;
        options.durability = Durability::batched;
        bool written = false;
        {
            RowWorld world(directory, options);
            auto outcome = submit(*world.committer, put_of("a", ""));
            world.committer->stop();
            const auto answer = outcome.get();
            written = answer.has_value();
            if (!written) CHECK(answer.error().kind == StorageError::Kind::unavailable);
        }
        RowWorld reopened(directory);
        CHECK(reopened.get("a").has_value() == written);
    }
}

TEST_CASE("committer: an end whose mark cannot be written is not a clean one",
          "[local][commit][highwater]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        REQUIRE(world.commit(put_of("a", "")));
        const Failpoints failing("highwater.write=eio");
        const auto finished = world.committer->finish();
        REQUIRE_FALSE(finished);
        CHECK(finished.error().kind == StorageError::Kind::io);
    }
    RowWorld world(directory);
    CHECK(world.get("a"));
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
