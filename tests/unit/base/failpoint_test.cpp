#include "base/failpoint.h"

#ifdef HF_FAILPOINTS

#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string_view>
#include <thread>

#include "tests/catch.h"
#include "tests/unit/base/child.h"

using namespace holdfast::base;

namespace {

/// Leaves no failpoint set for the tests after it.
struct Fixture {
    Fixture() = default;
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    ~Fixture() { set_failpoints(""); }
};

bool was_hit(std::string_view name) {
    const auto names = failpoints_hit();
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("failpoint: one that is not set lets pass", "[base][failpoint]") {
    const Fixture fixture;
    CHECK(HF_FAILPOINT("test.unset") == Injected::none);
    REQUIRE(set_failpoints("test.other=eio"));
    CHECK(HF_FAILPOINT("test.unset") == Injected::none);
}

TEST_CASE("failpoint: the errors are told to the caller, at every hit", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.a=eio;test.b=enospc;test.c=short"));
    for (int i = 0; i < 3; ++i) {
        CHECK(HF_FAILPOINT("test.a") == Injected::eio);
        CHECK(HF_FAILPOINT("test.b") == Injected::enospc);
        CHECK(HF_FAILPOINT("test.c") == Injected::short_write);
    }
}

TEST_CASE("failpoint: with @n only the nth hit acts, counted for each name", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.a=eio@3;test.b=enospc@1"));
    CHECK(HF_FAILPOINT("test.a") == Injected::none);
    CHECK(HF_FAILPOINT("test.b") == Injected::enospc);
    CHECK(HF_FAILPOINT("test.a") == Injected::none);
    CHECK(HF_FAILPOINT("test.a") == Injected::eio);
    CHECK(HF_FAILPOINT("test.a") == Injected::none);
    CHECK(HF_FAILPOINT("test.b") == Injected::none);
    REQUIRE(set_failpoints("test.a=eio@3"));  // counts from the start again
    CHECK(HF_FAILPOINT("test.a") == Injected::none);
}

TEST_CASE("failpoint: a set replaces the one before, none is the empty one", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.a=eio"));
    REQUIRE(set_failpoints(";test.b=eio;"));
    CHECK(HF_FAILPOINT("test.a") == Injected::none);
    CHECK(HF_FAILPOINT("test.b") == Injected::eio);
    REQUIRE(set_failpoints(""));
    CHECK(HF_FAILPOINT("test.b") == Injected::none);
}

TEST_CASE("failpoint: a text that is not understood changes nothing", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.a=enospc"));
    for (const char* bad :
         {"test.a", "=eio", "test.a=", "test.a=EIO", "test.a=eio@", "test.a=eio@0", "test.a=eio@-1",
          "test.a=eio@1x", "test.a=eio@99999999999999999999", "test.a=delay",
          "test.a=delay:", "test.a=delay:1s", "test.a=delay:3600001", "test.a=eio ",
          "test.a=eio;test.a=eio", "test.b=eio;test.a=nothing"}) {
        INFO(bad);
        CHECK_FALSE(set_failpoints(bad));
        CHECK(HF_FAILPOINT("test.a") == Injected::enospc);
        CHECK(HF_FAILPOINT("test.b") == Injected::none);
    }
}

TEST_CASE("failpoint: throw throws what names it", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.thrown=throw@2"));
    CHECK(HF_FAILPOINT("test.thrown") == Injected::none);
    CHECK_THROWS_WITH(HF_FAILPOINT("test.thrown"), "failpoint test.thrown");
    CHECK(HF_FAILPOINT("test.thrown") == Injected::none);
}

TEST_CASE("failpoint: delay waits at least so long, then lets pass", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.slow=delay:20@1"));
    const auto start = std::chrono::steady_clock::now();
    CHECK(HF_FAILPOINT("test.slow") == Injected::none);
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
}

TEST_CASE("failpoint: pause holds until the set is replaced", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_failpoints("test.paused=pause"));
    auto paused = std::async(std::launch::async, [] { return HF_FAILPOINT("test.paused"); });
    while (!was_hit("test.paused")) std::this_thread::yield();
    CHECK(paused.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    REQUIRE(set_failpoints(""));
    CHECK(paused.get() == Injected::none);
}

TEST_CASE("failpoint: crash kills the process on the spot", "[base][failpoint]") {
    const auto end = holdfast::tests::run_in_child([] {
        set_failpoints("test.crash=crash@2");
        static_cast<void>(HF_FAILPOINT("test.crash"));
        static_cast<void>(HF_FAILPOINT("test.crash"));
    });
    CHECK(end.signal == SIGKILL);
    const auto spared = holdfast::tests::run_in_child([] {
        set_failpoints("test.crash=crash@2");
        static_cast<void>(HF_FAILPOINT("test.crash"));
    });
    CHECK(spared.exit_code == 0);
}

TEST_CASE("failpoint: the names hit are told once each, sorted, set or not", "[base][failpoint]") {
    const Fixture fixture;
    CHECK_FALSE(was_hit("test.reached.b"));
    for (const char* name : {"test.reached.b", "test.reached.a", "test.reached.b"})
        static_cast<void>(HF_FAILPOINT(name));
    REQUIRE(set_failpoints("test.never_reached=eio"));
    CHECK(was_hit("test.reached.a"));
    CHECK(was_hit("test.reached.b"));
    CHECK_FALSE(was_hit("test.never_reached"));
    const auto names = failpoints_hit();
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("failpoint: the environment sets them, or has to be understood", "[base][failpoint]") {
    const Fixture fixture;
    ::setenv("HOLDFAST_FAILPOINTS", "test.from_outside=eio@1", 1);
    CHECK(set_failpoints_from_environment());
    CHECK(HF_FAILPOINT("test.from_outside") == Injected::eio);
    ::setenv("HOLDFAST_FAILPOINTS", "nonsense", 1);
    CHECK_FALSE(set_failpoints_from_environment());
    ::unsetenv("HOLDFAST_FAILPOINTS");
    CHECK(set_failpoints_from_environment());
}

#endif
