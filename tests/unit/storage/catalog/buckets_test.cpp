#include "storage/catalog/buckets.h"

#include "tests/unit/storage/catalog/buckets_support.h"

using namespace holdfast::test;
using namespace holdfast::tests;
using Kind = CatalogError::Kind;

namespace {

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

}  // namespace

TEST_CASE("CreateBucket: the bucket is found under its name, with an id and a time",
          "[catalog][buckets]") {
    Catalog c;
    CHECK(find_bucket(c, "photos") == nullptr);
    const auto id = c.make_bucket("photos");
    const auto bucket = find_bucket(c, "photos");
    REQUIRE(bucket);
    CHECK(bucket->id() == id);
    CHECK(id.size() == 16);
    CHECK(bucket->owner() == "owner");
    CHECK(bucket->created_ms() == c.clock.wall().time_since_epoch().count());
    CHECK(find_bucket(c, "photo") == nullptr);
    CHECK(find_bucket(c, "photoss") == nullptr);
}

TEST_CASE("CreateBucket: a name is given once, and the loser leaves nothing",
          "[catalog][buckets]") {
    Photos c;
    records::Bucket again;
    again.set_name("photos");
    CHECK(failure_of(run(c.buckets.create(std::move(again)))) == Kind::bucket_exists);
    CHECK(c.photos()->id() == c.id);
}

TEST_CASE("Bucket: found from memory after the first time", "[catalog][buckets]") {
    Photos c;
    c.photos();
    c.rows.take_counts();
    c.photos();
    CHECK(c.rows.take_counts().gets == 0);
}

TEST_CASE("DeleteBucket: an empty bucket goes, its name is free again", "[catalog][buckets]") {
    Photos c;
    const auto bucket = c.photos();
    REQUIRE(run(c.buckets.remove(bucket)));
    CHECK(c.photos() == nullptr);
    CHECK(failure_of(run(c.buckets.remove(bucket))) == Kind::no_such_bucket);
    c.make_bucket("photos");
    CHECK(c.photos()->id() != c.id);
    c.put("a", "text");
    CHECK(c.get("a") == "text");
}

TEST_CASE("DeleteBucket: one with objects stays and can be written still", "[catalog][buckets]") {
    Photos c;
    c.put("a", "text");
    CHECK(failure_of(c.remove_photos()) == Kind::bucket_not_empty);
    REQUIRE(c.photos());
    c.put("b", "text");
    c.remove("a");
    c.remove("b");
    REQUIRE(c.remove_photos());
}

TEST_CASE("DeleteBucket: open uploads go with it, later calls find no bucket, RACE-09",
          "[catalog][buckets]") {
    Photos c;
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    REQUIRE(c.remove_photos());
    CHECK(failure_of(run(c.put_part_async(upload, 2, "x"))) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.uploads.abort(upload))) == Kind::no_such_bucket);
    CHECK(failure_of(c.try_put("b")) == Kind::no_such_bucket);
    CHECK(failure_of(run(c.remove_async("b"))) == Kind::no_such_bucket);
}

TEST_CASE("DeleteBucket: a bucket with objects is refused without a write", "[catalog][buckets]") {
    Photos c;
    c.put("a", "text");
    c.rows.take_counts();
    CHECK(failure_of(c.remove_photos()) == Kind::bucket_not_empty);
    CHECK(c.rows.take_counts().commits == 0);
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
