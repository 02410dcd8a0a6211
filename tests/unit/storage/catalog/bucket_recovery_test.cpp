// Removals of buckets that did not come to their end, and what goes after the name.

#include <stdexcept>

#include "tests/unit/storage/catalog/buckets_support.h"

using namespace holdfast::test;
using namespace holdfast::tests;
using holdfast::base::Awaitable;
using Kind = CatalogError::Kind;

namespace {

/// Index rows of the system partition that begin so.
std::size_t system_rows(Catalog& c, char kind) {
    const auto wanted = catalog::rows_of_kind(kind);
    holdfast::storage::ScanRange range;
    range.begin = wanted.begin;
    range.end = wanted.end;
    auto page = run(c.rows.scan(catalog::system_partition, std::move(range)));
    REQUIRE(page);
    return page->rows.size();
}

}  // namespace

TEST_CASE("DeleteBucket: it is done even when only the purge can take the state row",
          "[catalog][buckets]") {
    Photos c;
    c.rows.fails = deletes_state_row;
    REQUIRE(c.remove_photos());
    c.rows.fails = nullptr;
    CHECK(c.photos() == nullptr);
    CHECK(c.rows_of_kind('B') == 1);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(failure_of(c.try_put("a")) == Kind::no_such_bucket);
}

TEST_CASE("DeleteBucket: when the name cannot be taken away, the bucket goes on",
          "[catalog][buckets]") {
    Photos c;
    c.rows.fails = deletes_rows;
    CHECK(failure_of(c.remove_photos()) == Kind::storage);
    c.rows.fails = nullptr;
    REQUIRE(c.photos());
    c.put("a", "text");
    CHECK(c.get("a") == "text");
}

TEST_CASE("Recover: a bucket that a crash left half deleted is open again", "[catalog][buckets]") {
    Catalog c;
    for (const char* name : {"aaa", "bbb", "ccc"}) c.make_bucket(name);
    cut_off_removal(c, find_bucket(c, "ccc"));
    // Nobody knows whether it goes or stays: a write waits a while, then the client may try again.
    const auto put = run(c.put_async("a", "x", Catalog::How()));
    REQUIRE(failure_of(put) == Kind::storage);
    CHECK(put.error().storage.kind == StorageError::Kind::unavailable);
    catalog::Buckets restarted(c.store);
    REQUIRE(run(restarted.recover()));
    c.put("a", "x");
    CHECK(c.get("a") == "x");
}

TEST_CASE("Recover: a removal that is under way keeps its mark, P4", "[catalog][buckets]") {
    Photos c;
    std::optional<Done> beside;
    before_second_commit(c, [&]() -> Awaitable<void> {
        auto recovered = co_await c.buckets.recover();
        if (!recovered) throw std::runtime_error("not recovered");
        auto put = c.put_async("b", "text", Catalog::How());
        co_await start_beside(c, std::move(put), beside);
    });
    REQUIRE(c.remove_photos());
    REQUIRE(beside);
    CHECK(failure_of(*beside) == Kind::no_such_bucket);
}

TEST_CASE("Recover: a removal that begins and ends meanwhile is not undone, P4",
          "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    cut_off_removal(c, bucket);
    // Between its look at the row and its commit another one opens the bucket, and it is removed.
    catalog::Buckets other(c.store);
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto opened = co_await other.recover(*bucket);
        if (!opened) throw std::runtime_error("not opened");
        auto removed = co_await other.remove(bucket);
        if (!removed) throw std::runtime_error("not removed");
    };
    REQUIRE(run(c.buckets.recover(*bucket)));
    CHECK(c.rows_of_kind('B') == 0);
    CHECK(failure_of(c.try_put("a")) == Kind::no_such_bucket);
}

TEST_CASE("Recover: a removal that waits on a mark it did not set leaves it to be taken away",
          "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    cut_off_removal(c, bucket);
    // The client tries again, and the sweep comes by while that waits.
    std::optional<Done> retried;
    bool opened = false;
    const auto sweep = [&]() -> Awaitable<void> {
        co_await start_beside(c, c.buckets.remove(bucket), retried);
        CHECK_FALSE(retried);
        auto recovered = co_await c.buckets.recover(*bucket);
        if (!recovered) throw std::runtime_error("not recovered");
        auto put = co_await c.put_async("a", "text", Catalog::How());
        opened = put.has_value();
    };
    run(sweep());
    CHECK(opened);
    REQUIRE(retried);
    CHECK(failure_of(*retried) == Kind::bucket_not_empty);
}

TEST_CASE("Recover: a bucket whose name is gone stays closed until it is purged, P4",
          "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    c.rows.fails = deletes_state_row;
    REQUIRE(run(c.buckets.remove(bucket)));
    c.rows.fails = nullptr;
    REQUIRE(c.rows_of_kind('B') == 1);
    REQUIRE(run(c.buckets.recover(*bucket)));
    // Also when a namesake came meanwhile.
    const auto fresh = c.make_bucket();
    REQUIRE(run(c.buckets.recover(*bucket)));
    c.bucket = bucket->id();
    CHECK(failure_of(c.try_put("a")) == Kind::storage);
    c.bucket = fresh;
    c.put("a", "x");
}

TEST_CASE("Purge: parts and garbage of a deleted bucket give their space back, all rows go",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket("other");
    c.put("kept", make_text(100'000));
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    c.put_part(upload, 2, make_text(70'000));
    c.put("b", make_text(100'000));
    c.remove("b");
    CHECK(c.blobs.live() == 4);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(c.blobs.live() == 4);  // nothing is deleted yet
    REQUIRE(run(c.buckets.remove(find_bucket(c, "photos"))));
    CHECK(system_rows(c, 'd') == 1);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(c.blobs.live() == 1);
    CHECK(system_rows(c, 'd') == 0);
    for (const char kind : {'B', 'u', 'p', 't', 'g', 'm', 'o'}) CHECK(c.rows_of_kind(kind) == 0);
    REQUIRE(run(c.buckets.purge_deleted()));
}

TEST_CASE("Purge: what fails is done the next time", "[catalog][buckets]") {
    Photos c;
    const auto upload = c.start_upload("a");
    for (std::uint32_t part = 1; part <= 3; ++part) c.put_part(upload, part, make_text(100'000));
    REQUIRE(c.remove_photos());
    c.blobs.failing_releases = 1;
    CHECK(failure_of(run(c.buckets.purge_deleted())) == Kind::storage);
    CHECK(system_rows(c, 'd') == 1);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(c.blobs.live() == 0);
    CHECK(system_rows(c, 'd') == 0);
}
