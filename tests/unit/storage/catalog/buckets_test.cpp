#include "tests/unit/storage/catalog/fixture.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

using namespace holdfast::test;
namespace asio = holdfast::base::asio;
using holdfast::base::Awaitable;
using Kind = CatalogError::Kind;

namespace {

catalog::BucketPtr find(Catalog& c, const std::string& name) {
    auto found = run(c.buckets.find(name));
    REQUIRE(found);
    return *found;
}

std::vector<std::string> names_of(const catalog::BucketPage& page) {
    std::vector<std::string> names;
    for (const auto& bucket : page.buckets) names.push_back(bucket.name());
    return names;
}

catalog::BucketPage list(Catalog& c, std::string prefix, std::string after, std::uint32_t limit) {
    auto page = run(c.buckets.list(std::move(prefix), std::move(after), limit));
    REQUIRE(page);
    return std::move(*page);
}

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

using Done = holdfast::base::Expected<void, CatalogError>;

/// Starts `other` beside the caller, and comes back when it has read rows for the first time.
Awaitable<void> start_beside(Catalog& c, Awaitable<Done> other, std::optional<Done>& outcome) {
    auto executor = co_await asio::this_coro::executor;
    bool has_read = false;
    c.rows.after_get = [&has_read]() -> Awaitable<void> {
        has_read = true;
        co_return;
    };
    auto keep = [](Awaitable<Done> work, std::optional<Done>& to) -> Awaitable<void> {
        auto done = co_await std::move(work);
        to.emplace(std::move(done));
    };
    asio::co_spawn(executor, keep(std::move(other), outcome), asio::detached);
    while (!has_read) co_await asio::post(executor, holdfast::base::use_awaitable);
}

}  // namespace

TEST_CASE("CreateBucket: the bucket is found under its name, with an id and a time",
          "[catalog][buckets]") {
    Catalog c;
    CHECK(find(c, "photos") == nullptr);
    const auto id = c.make_bucket("photos");
    const auto bucket = find(c, "photos");
    REQUIRE(bucket);
    CHECK(bucket->id() == id);
    CHECK(id.size() == 16);
    CHECK(bucket->owner() == "owner");
    CHECK(bucket->created_ms() == c.clock.wall().time_since_epoch().count());
    CHECK(find(c, "photo") == nullptr);
    CHECK(find(c, "photoss") == nullptr);
}

TEST_CASE("CreateBucket: a name is given once, and the loser leaves nothing",
          "[catalog][buckets]") {
    Catalog c;
    const auto id = c.make_bucket("photos");
    records::Bucket again;
    again.set_name("photos");
    CHECK(failure_of(run(c.buckets.create(std::move(again)))) == Kind::bucket_exists);
    CHECK(find(c, "photos")->id() == id);
}

TEST_CASE("Bucket: found from memory after the first time", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket("photos");
    find(c, "photos");
    c.rows.take_counts();
    find(c, "photos");
    CHECK(c.rows.take_counts().gets == 0);
}

TEST_CASE("DeleteBucket: an empty bucket goes, its name is free again", "[catalog][buckets]") {
    Catalog c;
    const auto id = c.make_bucket("photos");
    const auto bucket = find(c, "photos");
    REQUIRE(run(c.buckets.remove(bucket)));
    CHECK(find(c, "photos") == nullptr);
    CHECK(failure_of(run(c.buckets.remove(bucket))) == Kind::no_such_bucket);
    c.make_bucket("photos");
    CHECK(find(c, "photos")->id() != id);
    c.put("a", "text");
    CHECK(c.get("a") == "text");
}

TEST_CASE("DeleteBucket: one with objects stays and can be written still", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "text");
    CHECK(failure_of(run(c.buckets.remove(find(c, "photos")))) == Kind::bucket_not_empty);
    REQUIRE(find(c, "photos"));
    c.put("b", "text");
    c.remove("a");
    c.remove("b");
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
}

TEST_CASE("DeleteBucket: open uploads go with it, later calls find no bucket, RACE-09",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
    CHECK(failure_of(run(c.put_part_async(upload, 2, "x"))) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.uploads.abort(upload))) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.put_async("b", "x", Catalog::How()))) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.remove_async("b"))) == Kind::no_such_bucket);
}

TEST_CASE("DeleteBucket: a write that was on its way loses", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto bucket = find(c, "photos");
    bool removed = false;
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto done = co_await c.buckets.remove(bucket);
        removed = done.has_value();
    };
    const auto size = GENERATE(std::size_t{10}, std::size_t{100'000});
    CHECK(failure_of(run(c.put_async("a", make_text(size), Catalog::How()))) ==
          Kind::no_such_bucket);
    CHECK(removed);
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("DeleteBucket: an object that comes while it runs keeps the bucket",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    bool put = false;
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto done = co_await c.put_async("a", "text", Catalog::How());
        put = done.has_value();
    };
    CHECK(failure_of(run(c.buckets.remove(find(c, "photos")))) == Kind::bucket_not_empty);
    CHECK(put);
    CHECK(c.get("a") == "text");
    c.put("b", "text");
}

TEST_CASE("DeleteBucket: a bucket with objects is refused without a write", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "text");
    c.rows.take_counts();
    CHECK(failure_of(run(c.buckets.remove(find(c, "photos")))) == Kind::bucket_not_empty);
    CHECK(c.rows.take_counts().commits == 0);
}

TEST_CASE("DeleteBucket: a write that meets one waits, and succeeds when the bucket stays",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
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
    CHECK(failure_of(run(c.buckets.remove(find(c, "photos")))) == Kind::bucket_not_empty);
    REQUIRE(beside);
    CHECK(*beside);
    CHECK(c.get("a") == "text");
    CHECK(c.get("b") == "beside");
    c.put_part(upload, 1, "x");
}

TEST_CASE("DeleteBucket: a write that meets one waits, and finds no bucket when it goes",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    std::optional<Done> beside;
    const auto name_goes = [&]() -> Awaitable<void> {
        auto put = c.put_async("b", make_text(100'000), Catalog::How());
        co_await start_beside(c, std::move(put), beside);
    };
    c.rows.before_commit = [&]() -> Awaitable<void> {
        c.rows.before_commit = name_goes;
        co_return;
    };
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
    REQUIRE(beside);
    CHECK(failure_of(*beside) == Kind::no_such_bucket);
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("DeleteBucket: a second one waits for what becomes of the first", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto bucket = find(c, "photos");
    const bool first_fails = GENERATE(true, false);
    std::optional<Done> second;
    const auto name_goes = [&]() -> Awaitable<void> {
        co_await start_beside(c, c.buckets.remove(bucket), second);
        bool failed = !first_fails;
        c.rows.fails = [failed](const holdfast::storage::Transaction& transaction) mutable {
            return !transaction.deletes.empty() && !std::exchange(failed, true);
        };
    };
    c.rows.before_commit = [&]() -> Awaitable<void> {
        c.rows.before_commit = name_goes;
        co_return;
    };
    const auto first = run(c.buckets.remove(bucket));
    REQUIRE(second);
    if (first_fails) {
        CHECK(failure_of(first) == Kind::storage);
        CHECK(*second);
    } else {
        CHECK(first);
        CHECK(failure_of(*second) == Kind::no_such_bucket);
    }
    CHECK(find(c, "photos") == nullptr);
}

TEST_CASE("DeleteBucket: it is done even when only the purge can take the state row",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty() &&
               transaction.deletes.front().key == catalog::bucket_state_row;
    };
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
    c.rows.fails = nullptr;
    CHECK(find(c, "photos") == nullptr);
    CHECK(c.rows_of_kind('B') == 1);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(failure_of(run(c.put_async("a", "x", Catalog::How()))) == Kind::no_such_bucket);
}

TEST_CASE("DeleteBucket: when the name cannot be taken away, the bucket goes on",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty();
    };
    CHECK(failure_of(run(c.buckets.remove(find(c, "photos")))) == Kind::storage);
    c.rows.fails = nullptr;
    REQUIRE(find(c, "photos"));
    c.put("a", "text");
    CHECK(c.get("a") == "text");
}

TEST_CASE("Bucket: a find that raced with a removal does not bring it back", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto bucket = find(c, "photos");
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
    Catalog c;
    c.make_bucket();
    const auto old = find(c, "photos");
    std::string fresh;
    // The name is gone, and taken again before the removal gets to clearing the memory.
    c.rows.fails = [&](const holdfast::storage::Transaction& transaction) {
        return fresh.empty() && !transaction.deletes.empty();
    };
    c.rows.failure = StorageError::Kind::in_doubt;
    c.rows.applied_when_failing = true;
    CHECK_FALSE(run(c.buckets.remove(old)));
    fresh = c.make_bucket();
    CHECK(find(c, "photos")->id() == fresh);
    c.put("a", "text");
    CHECK(c.get("a") == "text");
}

TEST_CASE("Recover: a bucket that a crash left half deleted is open again", "[catalog][buckets]") {
    Catalog c;
    for (const char* name : {"aaa", "bbb", "ccc"}) c.make_bucket(name);
    // Everything of a removal but the last step, which "crashes".
    c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty();
    };
    c.rows.failure = StorageError::Kind::in_doubt;
    CHECK(failure_of(run(c.buckets.remove(find(c, "ccc")))) == Kind::storage);
    c.rows.fails = nullptr;
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
    Catalog c;
    c.make_bucket();
    std::optional<Done> beside;
    const auto name_goes = [&]() -> Awaitable<void> {
        auto recovered = co_await c.buckets.recover();
        if (!recovered) throw std::runtime_error("not recovered");
        auto put = c.put_async("b", "text", Catalog::How());
        co_await start_beside(c, std::move(put), beside);
    };
    c.rows.before_commit = [&]() -> Awaitable<void> {
        c.rows.before_commit = name_goes;
        co_return;
    };
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
    REQUIRE(beside);
    CHECK(failure_of(*beside) == Kind::no_such_bucket);
}

TEST_CASE("Recover: a removal that begins and ends meanwhile is not undone, P4",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto bucket = find(c, "photos");
    c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty();
    };
    c.rows.failure = StorageError::Kind::in_doubt;
    CHECK(failure_of(run(c.buckets.remove(bucket))) == Kind::storage);
    c.rows.fails = nullptr;
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
    CHECK(failure_of(run(c.put_async("a", "x", Catalog::How()))) == Kind::no_such_bucket);
}

TEST_CASE("Recover: a removal that waits on a mark it did not set leaves it to be taken away",
          "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto bucket = find(c, "photos");
    c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty();
    };
    c.rows.failure = StorageError::Kind::in_doubt;
    CHECK(failure_of(run(c.buckets.remove(bucket))) == Kind::storage);
    c.rows.fails = nullptr;
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
    Catalog c;
    c.make_bucket();
    const auto bucket = find(c, "photos");
    c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty() &&
               transaction.deletes.front().key == catalog::bucket_state_row;
    };
    REQUIRE(run(c.buckets.remove(bucket)));
    c.rows.fails = nullptr;
    REQUIRE(c.rows_of_kind('B') == 1);
    REQUIRE(run(c.buckets.recover(*bucket)));
    // Also when a namesake came meanwhile.
    const auto fresh = c.make_bucket();
    REQUIRE(run(c.buckets.recover(*bucket)));
    c.bucket = bucket->id();
    CHECK(failure_of(run(c.put_async("a", "x", Catalog::How()))) == Kind::storage);
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
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
    CHECK(system_rows(c, 'd') == 1);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(c.blobs.live() == 1);
    CHECK(system_rows(c, 'd') == 0);
    for (const char kind : {'B', 'u', 'p', 't', 'g', 'm', 'o'}) CHECK(c.rows_of_kind(kind) == 0);
    REQUIRE(run(c.buckets.purge_deleted()));
}

TEST_CASE("Purge: what fails is done the next time", "[catalog][buckets]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    for (std::uint32_t part = 1; part <= 3; ++part) c.put_part(upload, part, make_text(100'000));
    REQUIRE(run(c.buckets.remove(find(c, "photos"))));
    c.blobs.failing_releases = 1;
    CHECK(failure_of(run(c.buckets.purge_deleted())) == Kind::storage);
    CHECK(system_rows(c, 'd') == 1);
    REQUIRE(run(c.buckets.purge_deleted()));
    CHECK(c.blobs.live() == 0);
    CHECK(system_rows(c, 'd') == 0);
}

TEST_CASE("ListBuckets: by name, in pages, with a prefix", "[catalog][buckets]") {
    Catalog c;
    for (const char* name : {"bbb", "abc", "abd", "ccc", "ab-"}) c.make_bucket(name);
    using Names = std::vector<std::string>;
    CHECK(names_of(list(c, "", "", 10)) == Names{"ab-", "abc", "abd", "bbb", "ccc"});
    CHECK_FALSE(list(c, "", "", 5).more);
    CHECK(list(c, "", "", 4).more);
    CHECK(names_of(list(c, "", "", 2)) == Names{"ab-", "abc"});
    CHECK(names_of(list(c, "", "abc", 2)) == Names{"abd", "bbb"});
    CHECK(names_of(list(c, "ab", "", 10)) == Names{"ab-", "abc", "abd"});
    CHECK(names_of(list(c, "ab", "abc", 10)) == Names{"abd"});
    CHECK(names_of(list(c, "ab", "zzz", 10)).empty());
    CHECK(names_of(list(c, "ab", "aaa", 10)) == Names{"ab-", "abc", "abd"});
}
