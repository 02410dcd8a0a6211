#include "base/result.h"

#include <signal.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/catch.h"
#include "tests/unit/base/child.h"

using namespace holdfast::base;

namespace {

struct Failure {
    std::string text;
};

using Text = Expected<std::string, Failure>;
using Owner = Expected<std::unique_ptr<int>, Failure>;
using Nothing = Expected<void, Failure>;

Nothing succeed() {
    return {};
}

}  // namespace

TEST_CASE("result: holds the value or the error, never both", "[base][result]") {
    const Text good = std::string("value");
    REQUIRE(good);
    CHECK(good.has_value());
    CHECK(*good == "value");
    CHECK(good->size() == 5);
    CHECK(good.value() == "value");

    const Text bad = Failure{"why"};
    CHECK_FALSE(bad);
    CHECK_FALSE(bad.has_value());
    CHECK(bad.error().text == "why");
}

TEST_CASE("result: a value is changed in place", "[base][result]") {
    Text text = std::string("a");
    *text += "b";
    text->push_back('c');
    text.value() += "d";
    CHECK(*text == "abcd");
    Text bad = Failure{"a"};
    bad.error().text += "b";
    CHECK(bad.error().text == "ab");
}

TEST_CASE("result: a copy is independent, and takes over a value or an error", "[base][result]") {
    Text first = std::string("one");
    Text second = first;
    *second = "two";
    CHECK(*first == "one");
    first = Text(Failure{"why"});
    CHECK_FALSE(first);
    CHECK(*second == "two");
    second = first;
    CHECK(second.error().text == "why");
    CHECK(first.error().text == "why");
}

TEST_CASE("result: what cannot be copied is moved out", "[base][result]") {
    Owner first = std::make_unique<int>(7);
    int* const held = first->get();
    Owner second = std::move(first);
    CHECK(second->get() == held);
    const std::unique_ptr<int> taken = *std::move(second);
    CHECK(taken.get() == held);
}

TEST_CASE("result: what it holds is destroyed once, whatever it is assigned", "[base][result]") {
    // Both sides are counted by their owners.
    struct Reason {
        std::shared_ptr<int> text;
    };
    using Counted = Expected<std::shared_ptr<int>, Reason>;
    const auto value = std::make_shared<int>(1);
    const auto reason = std::make_shared<int>(2);
    const bool from_value = GENERATE(true, false);
    const bool to_value = GENERATE(true, false);
    const auto make = [&](bool has_value) {
        return has_value ? Counted(value) : Counted(Reason{reason});
    };
    {
        Counted to = make(to_value);
        SECTION("a copy") {
            const Counted from = make(from_value);
            to = from;
            CHECK(from.has_value() == from_value);
            CHECK((from_value ? value : reason).use_count() == 3);
            CHECK((from_value ? reason : value).use_count() == 1);
        }
        SECTION("what is moved") {
            to = make(from_value);
            CHECK((from_value ? value : reason).use_count() == 2);
            CHECK((from_value ? reason : value).use_count() == 1);
        }
        CHECK(to.has_value() == from_value);
        auto& itself = to;
        to = itself;
        to = std::move(itself);
        CHECK(to.has_value() == from_value);
        CHECK((from_value ? value : reason).use_count() >= 2);
    }
    CHECK(value.use_count() == 1);
    CHECK(reason.use_count() == 1);
}

TEST_CASE("result: it can be copied when both sides can, and no move throws", "[base][result]") {
    struct OwnedReason {
        std::unique_ptr<int> text;
    };
    STATIC_REQUIRE(std::is_copy_constructible_v<Text>);
    STATIC_REQUIRE(std::is_copy_assignable_v<Text>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Owner>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<Owner>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Expected<int, OwnedReason>>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Owner>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Owner>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Nothing>);
}

TEST_CASE("result: an error is moved from one value type to another", "[base][result]") {
    const std::string longer_than_inline(100, 'x');
    Text text = Failure{longer_than_inline};
    const char* const characters = text.error().text.data();
    const Owner other = std::move(text).error();
    REQUIRE_FALSE(other);
    CHECK(other.error().text == longer_than_inline);
    CHECK(other.error().text.data() == characters);
}

TEST_CASE("result: value_or gives the value, or what is to stand for it", "[base][result]") {
    CHECK(Text(std::string("value")).value_or("other") == "value");
    CHECK(Text(Failure{"why"}).value_or("other") == "other");
}

TEST_CASE("result: of nothing is success unless it has an error", "[base][result]") {
    CHECK(succeed());
    CHECK(Nothing(Unit{}).has_value());
    Nothing bad = Failure{"why"};
    REQUIRE_FALSE(bad);
    bad.error().text += '!';
    const Nothing copy = bad;
    CHECK(copy.error().text == "why!");
    const Failure taken = std::move(bad).error();
    CHECK(taken.text == "why!");
}

TEST_CASE("result: to ask for what it does not hold is a bug and aborts", "[base][result]") {
    using holdfast::tests::run_in_child;
    const Text good = std::string("value");
    const Text bad = Failure{"why"};
    CHECK(run_in_child([&] { static_cast<void>(*bad); }).signal == SIGABRT);
    CHECK(run_in_child([&] { static_cast<void>(bad->size()); }).signal == SIGABRT);
    CHECK(run_in_child([&] { static_cast<void>(good.error()); }).signal == SIGABRT);
    CHECK(run_in_child([] { static_cast<void>(succeed().error()); }).signal == SIGABRT);
}
