#include "tests/model/linearizable.h"

#include "tests/catch.h"

namespace holdfast::model_test {

using Kind = Operation::Kind;

TEST_CASE("Linearizability: what happened one after the other must be seen so", "[model]") {
    CHECK(is_linearizable({}));
    CHECK(is_linearizable({{Kind::read, "", 1, 2}}));
    CHECK(is_linearizable({{Kind::write, "a", 1, 2}, {Kind::read, "a", 3, 4}}));
    CHECK_FALSE(is_linearizable({{Kind::write, "a", 1, 2}, {Kind::read, "", 3, 4}}));
    CHECK_FALSE(is_linearizable({{Kind::read, "a", 1, 2}, {Kind::write, "a", 3, 4}}));
    CHECK_FALSE(is_linearizable(
        {{Kind::write, "a", 1, 2}, {Kind::write, "b", 3, 4}, {Kind::read, "a", 5, 6}}));
    CHECK(is_linearizable(
        {{Kind::write, "a", 1, 2}, {Kind::remove, "", 3, 4}, {Kind::read, "", 5, 6}}));
    CHECK_FALSE(is_linearizable(
        {{Kind::write, "a", 1, 2}, {Kind::remove, "", 3, 4}, {Kind::read, "a", 5, 6}}));
}

TEST_CASE("Linearizability: what overlaps may be in either order, but in one only", "[model]") {
    const Operation a{Kind::write, "a", 1, 10};
    const Operation b{Kind::write, "b", 2, 9};
    CHECK(is_linearizable({a, b, {Kind::read, "a", 11, 12}}));
    CHECK(is_linearizable({a, b, {Kind::read, "b", 11, 12}}));
    CHECK(is_linearizable({a, b, {Kind::read, "a", 3, 4}, {Kind::read, "b", 5, 6}}));
    CHECK(is_linearizable({a, b, {Kind::read, "", 3, 4}, {Kind::read, "a", 5, 6}}));
    // Two readers that see the two writes in different orders, and one that goes back.
    CHECK_FALSE(is_linearizable({a, b, {Kind::read, "a", 11, 12}, {Kind::read, "b", 13, 14}}));
    CHECK_FALSE(is_linearizable(
        {a, b, {Kind::read, "a", 3, 4}, {Kind::read, "b", 5, 6}, {Kind::read, "a", 7, 8}}));
    CHECK_FALSE(is_linearizable({a, b, {Kind::read, "mixture", 11, 12}}));
}

TEST_CASE("Linearizability: of conditional writes one wins (P9)", "[model]") {
    const Operation won{Kind::write_if_none, "a", 1, 5};
    const Operation lost{Kind::refused_write, "b", 2, 6};
    CHECK(is_linearizable({won, lost, {Kind::read, "a", 7, 8}}));
    CHECK_FALSE(is_linearizable({lost}));
    CHECK_FALSE(is_linearizable({won, {Kind::write_if_none, "b", 2, 6}}));
    CHECK(is_linearizable({won, {Kind::remove, "", 1, 9}, {Kind::write_if_none, "b", 2, 6}}));
    CHECK_FALSE(is_linearizable({{Kind::refused_write, "b", 1, 2}, {Kind::write, "a", 3, 4}}));
}

TEST_CASE("Linearizability: what failed is done or not, but not undone (P5)", "[model]") {
    const Operation failed{Kind::maybe_write, "a", 1, 2};
    CHECK(is_linearizable({failed, {Kind::read, "", 3, 4}}));
    CHECK(is_linearizable({failed, {Kind::read, "a", 3, 4}}));
    CHECK_FALSE(is_linearizable({failed, {Kind::read, "a", 3, 4}, {Kind::read, "", 5, 6}}));
    CHECK_FALSE(is_linearizable({{Kind::read, "a", 1, 2}, {Kind::maybe_write, "a", 3, 4}}));
}

}  // namespace holdfast::model_test
