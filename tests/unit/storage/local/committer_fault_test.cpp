// The committer when a write fails, and when it ends.

#include <thread>

#include "base/metrics.h"
#include "tests/unit/storage/local/committer_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using namespace holdfast::tests;

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
