// A broken assertion in a process without memory ends it all the same. Spec durability 2.5.

#include <signal.h>

#include <new>
#include <string>

#include "base/assert.h"
#include "base/last_words.h"
#include "tests/catch.h"
#include "tests/component/memory/failing_new.h"
#include "tests/unit/base/child.h"

namespace holdfast::test {

TEST_CASE("2.5 memory: a broken assertion is none that a request answers 503 to", "[memory]") {
    const auto end = tests::run_in_child([] {
        try {
            fail_allocation(1, true);
            HF_ASSERT(1 + 1 == 3);
        } catch (const std::bad_alloc&) {  // as the session does
        }
    });
    CHECK(end.signal == SIGABRT);
    CHECK_THAT(end.errors, Catch::StartsWith("holdfast: crashed: assertion failed: 1 + 1 == 3 ("));
}

TEST_CASE("2.5 memory: an exception that nobody caught is told of without memory", "[memory]") {
    const auto end = tests::run_in_child([] {
        base::crash_on_uncaught();
        const auto allocate = []() noexcept { return std::string(1000, 'x'); };
        fail_allocation(1, true);
        static_cast<void>(allocate());
    });
    CHECK(end.signal == SIGABRT);
    CHECK(end.errors == "holdfast: crashed: an exception that nobody caught: std::bad_alloc\n");
}

}  // namespace holdfast::test
