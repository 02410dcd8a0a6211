#include "base/assert.h"

#include <signal.h>

#include <string>

#include "tests/catch.h"
#include "tests/unit/base/child.h"

using holdfast::tests::run_in_child;

TEST_CASE("assert: 2.5 a broken assertion says what and where, then aborts", "[base][assert]") {
    const auto line = std::to_string(__LINE__ + 1);
    const auto end = run_in_child([] { HF_ASSERT(1 + 1 == 3); });
    CHECK(end.signal == SIGABRT);
    CHECK(end.errors.find("assertion failed: 1 + 1 == 3 (") != std::string::npos);
    CHECK(end.errors.find("assert_test.cpp:" + line + ")") != std::string::npos);
}

TEST_CASE("assert: one that holds is evaluated once and does nothing", "[base][assert]") {
    int evaluated = 0;
    HF_ASSERT(++evaluated == 1);
    CHECK(evaluated == 1);
}
