// What runs beside the making and the removal of a bucket.

#include <stdexcept>

#include "tests/unit/storage/catalog/buckets_support.h"

using namespace holdfast::test;
using namespace holdfast::tests;
using holdfast::base::Awaitable;
using Kind = CatalogError::Kind;

TEST_CASE("DeleteBucket: a write that was on its way loses", "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    bool removed = false;
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto done = co_await c.buckets.remove(bucket);
        removed = done.has_value();
    };
    const auto size = GENERATE(std::size_t{10}, std::size_t{100'000});
    CHECK(failure_of(c.try_put("a", make_text(size))) == Kind::no_such_bucket);
    CHECK(removed);
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("DeleteBucket: an object that comes while it runs keeps the bucket",
          "[catalog][buckets]") {
    Photos c;
    bool put = false;
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto done = co_await c.put_async("a", "text", Catalog::How());
        put = done.has_value();
    };
    CHECK(failure_of(c.remove_photos()) == Kind::bucket_not_empty);
    CHECK(put);
    CHECK(c.get("a") == "text");
    c.put("b", "text");
}

TEST_CASE("DeleteBucket: a write that meets one waits, and succeeds when the bucket stays",
          "[catalog][buckets]") {
    Photos c;
    const auto upload = c.start_upload("u");
    std::optional<Done> beside;
    const auto before_the_bucket_is_open = [&]() -> Awaitable<void> {
        auto put = c.put_async("b", "beside", Catalog::How());
        co_await start_beside(c, std::move(put), beside);
    };
    c.rows.before_commit = [&]() -> Awaitable<void> {  // the bucket looked empty, the mark comes
        auto put = co_await c.put_async("a", "text", Catalog::How());
        if (!put) throw std::runtime_error("not put");
        c.rows.before_commit = before_the_bucket_is_open;
    };
    CHECK(failure_of(c.remove_photos()) == Kind::bucket_not_empty);
    REQUIRE(beside);
    CHECK(*beside);
    CHECK(c.get("a") == "text");
    CHECK(c.get("b") == "beside");
    c.put_part(upload, 1, "x");
}

TEST_CASE("DeleteBucket: a write that meets one waits, and finds no bucket when it goes",
          "[catalog][buckets]") {
    Photos c;
    std::optional<Done> beside;
    before_second_commit(c, [&]() -> Awaitable<void> {
        auto put = c.put_async("b", make_text(100'000), Catalog::How());
        co_await start_beside(c, std::move(put), beside);
    });
    REQUIRE(c.remove_photos());
    REQUIRE(beside);
    CHECK(failure_of(*beside) == Kind::no_such_bucket);
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("DeleteBucket: a second one waits for what becomes of the first", "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    const bool first_fails = GENERATE(true, false);
    std::optional<Done> second;
    before_second_commit(c, [&]() -> Awaitable<void> {
        co_await start_beside(c, c.buckets.remove(bucket), second);
        bool failed = !first_fails;
        c.rows.fails = [failed](const holdfast::storage::Transaction& transaction) mutable {
            return deletes_rows(transaction) && !std::exchange(failed, true);
        };
    });
    const auto first = run(c.buckets.remove(bucket));
    REQUIRE(second);
    if (first_fails) {
        CHECK(failure_of(first) == Kind::storage);
        CHECK(*second);
    } else {
        CHECK(first);
        CHECK(failure_of(*second) == Kind::no_such_bucket);
    }
    CHECK(c.photos() == nullptr);
}

TEST_CASE("Bucket: a find that raced with a removal does not bring it back", "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    catalog::Buckets buckets(c.store);  // remembers nothing yet
    c.rows.after_get = [&]() -> Awaitable<void> {
        auto removed = co_await buckets.remove(bucket);
        if (!removed) throw std::runtime_error("not removed");
    };
    auto raced = run(buckets.find("photos"));
    REQUIRE(raced);
    CHECK(*raced != nullptr);  // it was there when the find began
    auto after = run(buckets.find("photos"));
    REQUIRE(after);
    CHECK(*after == nullptr);
}

TEST_CASE("CreateBucket: a namesake that went just before is forgotten", "[catalog][buckets]") {
    Photos c;
    const auto old = c.photos();
    std::string fresh;
    // The name is gone, and taken again before the removal gets to clearing the memory.
    c.rows.fails = [&](const holdfast::storage::Transaction& transaction) {
        return fresh.empty() && deletes_rows(transaction);
    };
    c.rows.failure = StorageError::Kind::in_doubt;
    c.rows.applied_when_failing = true;
    CHECK_FALSE(run(c.buckets.remove(old)));
    fresh = c.make_bucket();
    CHECK(c.photos()->id() == fresh);
    c.put("a", "text");
    CHECK(c.get("a") == "text");
}
