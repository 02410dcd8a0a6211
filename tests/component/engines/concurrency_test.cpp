// Several event loops on one engine. Catch is not thread-safe: threads collect, the test checks.
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/spawn.h"
#include "tests/component/engines/engine_under_test.h"
#include "tests/component/engines/rows.h"
#include "tests/loop_of_nobody.h"

using namespace holdfast::test;
using holdfast::base::Awaitable;
using holdfast::storage::MetadataStore;
using holdfast::storage::RowKey;

namespace {

/// Runs `work` on `loops` event loops at the same time, each with `tasks` coroutines.
void on_loops(int loops, int tasks, const std::function<Awaitable<void>(int)>& work) {
    std::vector<std::thread> threads;
    for (int loop = 0; loop < loops; ++loop) {
        threads.emplace_back([&, loop] {
            holdfast::tests::LoopOfNobody borrowed;
            auto& context = *borrowed;
            for (int task = 0; task < tasks; ++task)
                holdfast::base::spawn(context, work(loop * tasks + task));
            context.run();
        });
    }
    for (auto& thread : threads) thread.join();
}

/// Adds one to a counter row, trying again after each lost race.
Awaitable<bool> increment(MetadataStore& rows) {
    for (;;) {
        std::vector<RowKey> keys{{RowFamily::index, "counter"}};
        auto found = co_await rows.get("p", std::move(keys));
        if (!found) co_return false;
        const auto& row = found->front();
        auto next = put("counter", std::to_string(row ? std::stoi(row->value) + 1 : 1));
        next.expectations.push_back({"counter", row ? row->version : 0});
        auto committed = co_await rows.commit("p", std::move(next));
        if (committed) co_return true;
        if (committed.error().kind != StorageError::Kind::conflict) co_return false;
    }
}

}  // namespace

TEST_CASE("commit: no increment of a contended row is lost", "[engines][concurrency]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    std::atomic<int> done{0};
    const std::function<Awaitable<void>(int)> work = [&](int) -> Awaitable<void> {
        for (int i = 0; i < 25; ++i)
            if (co_await increment(rows)) ++done;
    };
    on_loops(4, 4, work);
    CHECK(done == 400);
    CHECK(value(rows, "p", "counter") == "400");
}

TEST_CASE("commit: of many that expect absence exactly one wins", "[engines][concurrency]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    std::array<std::atomic<int>, 50> winners{};
    std::atomic<int> other_errors{0};
    const std::function<Awaitable<void>(int)> work = [&](int who) -> Awaitable<void> {
        for (std::size_t i = 0; i < winners.size(); ++i) {
            const auto key = "row" + std::to_string(i);
            auto only = expecting(key, 0, put(key, std::to_string(who)));
            auto committed = co_await rows.commit("p", std::move(only));
            if (committed)
                ++winners[i];
            else if (committed.error().kind != StorageError::Kind::conflict)
                ++other_errors;
        }
    };
    on_loops(4, 4, work);
    CHECK(other_errors == 0);
    for (const auto& winner : winners) CHECK(winner == 1);
}

TEST_CASE("commit: the last commit of a row is what it holds; no number is given twice",
          "[engines][concurrency]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    std::mutex mutex;
    std::map<RowVersion, std::string> written;
    std::atomic<int> failures{0};
    const std::function<Awaitable<void>(int)> work = [&](int who) -> Awaitable<void> {
        for (int i = 0; i < 25; ++i) {
            const auto mine = std::to_string(who) + "/" + std::to_string(i);
            auto blind = put("row", mine);
            auto version = co_await rows.commit("p", std::move(blind));
            if (!version) {
                ++failures;
                continue;
            }
            const std::lock_guard lock(mutex);
            if (!written.emplace(*version, mine).second) ++failures;
        }
    };
    on_loops(4, 4, work);
    CHECK(failures == 0);
    REQUIRE(written.size() == 400);
    const auto last = row(rows, "p", "row");
    CHECK(last->version == written.rbegin()->first);
    CHECK(last->value == written.rbegin()->second);
}

TEST_CASE("commit: one loop's commits keep their order", "[engines][concurrency]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    std::atomic<int> disorder{0};
    const std::function<Awaitable<void>(int)> work = [&](int who) -> Awaitable<void> {
        RowVersion last = 0;
        for (int i = 0; i < 50; ++i) {
            auto mine = put("row" + std::to_string(who), std::to_string(i));
            auto version = co_await rows.commit("p" + std::to_string(who % 3), std::move(mine));
            if (!version || *version <= last) ++disorder;
            if (version) last = *version;
        }
    };
    on_loops(4, 4, work);
    CHECK(disorder == 0);
}

TEST_CASE("reads: get and scan see whole transactions only", "[engines][concurrency]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    auto first = put("a", "0");
    first.puts.push_back({{RowFamily::index, "b"}, "0"});
    first.puts.push_back({{RowFamily::body, "a"}, "0"});
    commit(rows, "p", first);
    std::atomic<int> mixed{0};
    const std::function<Awaitable<void>(int)> work = [&](int who) -> Awaitable<void> {
        for (int i = 0; i < 100; ++i) {
            if (who % 2 == 0) {
                const auto mine = std::to_string(who) + "/" + std::to_string(i);
                auto all = put("a", mine);
                all.puts.push_back({{RowFamily::index, "b"}, mine});
                all.puts.push_back({{RowFamily::body, "a"}, mine});
                auto done = co_await rows.commit("p", std::move(all));
                if (!done) ++mixed;
                continue;
            }
            std::vector<RowKey> keys{
                {RowFamily::index, "a"}, {RowFamily::index, "b"}, {RowFamily::body, "a"}};
            auto found = co_await rows.get("p", std::move(keys));
            if (!found || (*found)[0]->value != (*found)[1]->value ||
                (*found)[0]->value != (*found)[2]->value ||
                (*found)[0]->version != (*found)[2]->version)
                ++mixed;
            auto page = co_await rows.scan("p", holdfast::storage::ScanRange());
            if (!page || page->rows.size() != 2 || page->rows[0].value != page->rows[1].value)
                ++mixed;
        }
    };
    on_loops(4, 2, work);
    CHECK(mixed == 0);
}

TEST_CASE("reads: what was committed is seen by every loop at once", "[engines][concurrency]") {
    const auto engine = HF_EACH_ENGINE();
    auto& rows = engine->metadata();
    for (int i = 0; i < 100; ++i) {
        const auto version = commit(rows, "p", put("row", std::to_string(i)));
        std::optional<holdfast::storage::Row> seen;
        std::thread other([&] {
            std::vector<RowKey> keys{{RowFamily::index, "row"}};
            auto found = run(rows.get("p", std::move(keys)));
            if (found) seen = found->front();
        });
        other.join();
        REQUIRE(seen);
        CHECK(seen->version == version);
    }
}
