// A disk that fails while there is no memory either: what happened is told all the same, nothing
// that is in doubt is shown, and the engine comes back. Spec durability 2.5, P5.

#include <cerrno>
#include <limits>
#include <new>
#include <thread>

#include "tests/component/memory/failing_new.h"
#include "tests/component/memory/local_endpoint.h"

namespace holdfast::test {

namespace {

using Cause = storage::EngineCondition::Cause;

/// A write of the index whose sync fails.
Answer put_in_doubt(LocalEndpoint& world) {
    world.vfs.fail({"sync_data", ".log", 1, EIO, false});
    auto answer = world.put("/photos/doubtful", "small");
    REQUIRE(world.vfs.failed());
    world.vfs.heal();
    return answer;
}

/// What an attempt to take writes again came to whose nth allocation fails.
enum class Outcome { resumed, refused };
Outcome resume_failing(LocalEndpoint& world, std::uint64_t nth, bool& came) {
    auto outcome = Outcome::refused;
    fail_allocation(nth, false);
    try {
        if (!world.engine->resume()) outcome = Outcome::resumed;
    } catch (const std::bad_alloc&) {
        outcome = Outcome::refused;
    }
    came = heal_allocations();
    return outcome;
}

}  // namespace

TEST_CASE("2.5 memory: a failed write of the index is told although there is no memory to tell it",
          "[local][memory][faults]") {
    LocalEndpoint world;
    REQUIRE(world.put("/photos/k", "small").status == 200);
    fail_allocation(std::numeric_limits<std::uint64_t>::max(), true, Where::elsewhere);
    world.starves = true;
    const auto answer = put_in_doubt(world);
    world.starves = false;
    CHECK(heal_allocations());
    CHECK(answer.outcome() == "500 InternalError");
    // By a later turn of the committer.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (world.engine->condition().cause != Cause::fault &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    REQUIRE(world.engine->condition().cause == Cause::fault);
    CHECK_FALSE(world.engine->condition().reason.empty());
    // Nobody could remember which rows are in doubt: so all are.
    CHECK(world.get("/photos/doubtful").outcome() == "503 SlowDown");
    CHECK(world.get("/photos/k").outcome() == "503 SlowDown");
    CHECK(world.put("/photos/k", "other").status == 503);
    REQUIRE(world.engine->resume() == std::nullopt);
    CHECK(world.get("/photos/k").body == "small");
    const auto doubtful = world.get("/photos/doubtful");
    CHECK((doubtful.status == 404 || doubtful.body == "small"));
    CHECK(world.put("/photos/k", "other").status == 200);
}

TEST_CASE("2.5 memory: any allocation of an attempt to take writes again fails: the next one works",
          "[local][memory][faults][sweep]") {
    LocalEndpoint world;
    REQUIRE(world.put("/photos/k", "small").status == 200);
    bool came = true;
    for (std::uint64_t nth = 1; came; nth += 61) {  // most of the 20,000 are RocksDB's
        INFO("allocation " << nth);
        CHECK(put_in_doubt(world).status == 500);
        REQUIRE(world.engine->condition().cause == Cause::fault);
        const auto outcome = resume_failing(world, nth, came);
        const bool writable = world.engine->condition().writable();
        if (outcome == Outcome::resumed) CHECK(writable);
        // Reads hear something in any case.
        const auto read = world.get("/photos/k");
        CHECK((read.body == "small" || read.status >= 500));
        if (!writable) REQUIRE(world.engine->resume() == std::nullopt);
        CHECK(world.get("/photos/k").body == "small");
        CHECK(world.put("/photos/other", std::string(100'000, 'o')).status == 200);
    }
}

}  // namespace holdfast::test
