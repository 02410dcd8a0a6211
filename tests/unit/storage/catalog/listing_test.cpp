#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/storage/catalog/fixture.h"

using namespace holdfast::test;

namespace {

using Names = std::vector<std::string>;

/// Object rows without bodies: a listing sees nothing else.
void put_keys(Catalog& c, const std::set<std::string>& keys) {
    holdfast::storage::Transaction transaction;
    for (const auto& key : keys) {
        records::Object object;
        object.mutable_properties()->set_content_type("type of " + key);
        transaction.puts.push_back({{holdfast::storage::RowFamily::index, catalog::object_row(key)},
                                    object.SerializeAsString()});
    }
    REQUIRE(run(c.rows.commit(catalog::bucket_partition(c.bucket), std::move(transaction))));
}

catalog::ListQuery query(std::string prefix, std::string delimiter, std::string after,
                         std::uint32_t limit) {
    catalog::ListQuery made;
    made.prefix = std::move(prefix);
    made.delimiter = std::move(delimiter);
    made.after = std::move(after);
    made.limit = limit;
    return made;
}

catalog::ObjectListing list(Catalog& c, const catalog::ListQuery& wanted) {
    auto listing = run(catalog::list_objects(c.store, c.bucket, wanted));
    REQUIRE(listing);
    return std::move(*listing);
}

Names names_of(const catalog::ObjectListing& listing) {
    Names names;
    for (const auto& entry : listing.entries) {
        names.push_back(entry.name);
        if (entry.object && entry.object->properties().content_type() != "type of " + entry.name)
            FAIL_CHECK("another key's object under " << entry.name);
    }
    return names;
}

std::string group_of(const std::string& key, const catalog::ListQuery& q) {
    const auto at =
        q.delimiter.empty() ? std::string::npos : key.find(q.delimiter, q.prefix.size());
    return at == std::string::npos ? "" : key.substr(0, at + q.delimiter.size());
}

bool begins_with(const std::string& text, const std::string& prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

/// The same listing, key by key.
struct Expected {
    Names names;
    bool truncated = false;
};
Expected naive_list(const std::set<std::string>& keys, const catalog::ListQuery& q) {
    Expected expected;
    const bool skips_group = group_of(q.after, q) == q.after && !q.after.empty();
    for (const auto& key : keys) {
        if (!begins_with(key, q.prefix) || key <= q.after) continue;
        if (skips_group && begins_with(key, q.after)) continue;
        const auto group = group_of(key, q);
        const auto& name = group.empty() ? key : group;
        if (!expected.names.empty() && expected.names.back() == name) continue;
        if (expected.names.size() == q.limit) {
            expected.truncated = true;
            return expected;
        }
        expected.names.push_back(name);
    }
    return expected;
}

std::string random_text(std::mt19937_64& random, std::size_t size_max) {
    static const std::string letters("ab/\xff\x01-", 6);
    std::string text(random() % (size_max + 1), ' ');
    for (auto& letter : text) letter = letters[random() % letters.size()];
    return text;
}

}  // namespace

TEST_CASE("ListObjects: byte order, prefix, exclusive marker", "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    put_keys(c, {"b", "a", "B", "ab", "ä", "\xff", "a/b", "a0"});
    CHECK(names_of(list(c, query("", "", "", 10))) ==
          Names{"B", "a", "a/b", "a0", "ab", "b", "ä", "\xff"});
    CHECK(names_of(list(c, query("a", "", "", 10))) == Names{"a", "a/b", "a0", "ab"});
    CHECK(names_of(list(c, query("a", "", "a", 10))) == Names{"a/b", "a0", "ab"});
    CHECK(names_of(list(c, query("", "", "az", 10))) == Names{"b", "ä", "\xff"});
    CHECK(names_of(list(c, query("a", "", "b", 10))).empty());
    CHECK(names_of(list(c, query("\xff", "", "", 10))) == Names{"\xff"});
    CHECK(names_of(list(c, query("", "", "\xff", 10))).empty());
    CHECK(names_of(list(c, query("none", "", "", 10))).empty());
}

TEST_CASE("ListObjects: groups count as one, once, and may be the marker", "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    put_keys(c, {"a", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla", "d"});
    const auto all = list(c, query("", "/", "", 10));
    CHECK(names_of(all) == Names{"a", "boo/", "cquux/", "d"});
    CHECK(all.entries[0].object);
    CHECK_FALSE(all.entries[1].object);
    CHECK_FALSE(all.truncated);
    CHECK(names_of(list(c, query("", "/", "boo/", 10))) == Names{"cquux/", "d"});
    CHECK(names_of(list(c, query("", "/", "boo/bar", 10))) == Names{"boo/", "cquux/", "d"});
    CHECK(names_of(list(c, query("boo/", "/", "", 10))) == Names{"boo/bar", "boo/baz/"});
    CHECK(list(c, query("", "/", "", 2)).truncated);
    CHECK(names_of(list(c, query("", "oo/b", "", 10))) ==
          Names{"a", "boo/b", "cquux/bla", "cquux/thud", "d"});
}

TEST_CASE("ListObjects: an empty page is not truncated", "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    put_keys(c, {"a"});
    const auto page = list(c, query("", "", "", 0));
    CHECK(page.entries.empty());
    CHECK_FALSE(page.truncated);
}

TEST_CASE("ListObjects: a group of any size is skipped with one seek", "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    std::set<std::string> keys;
    for (int i = 0; i < 20'000; ++i) keys.insert("big/" + std::to_string(i));
    keys.insert("after");
    keys.insert("z");
    put_keys(c, keys);
    c.rows.take_counts();
    CHECK(names_of(list(c, query("", "/", "", 3))) == Names{"after", "big/", "z"});
    const auto counts = c.rows.take_counts();
    CHECK(counts.scans == 2);
    CHECK(counts.rows_scanned <= 4 + 8);
    CHECK(names_of(list(c, query("", "/", "big/", 3))) == Names{"z"});
    CHECK(c.rows.take_counts().rows_scanned <= 4);
}

TEST_CASE("ListObjects: a page costs its own rows, wherever it is", "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    std::set<std::string> keys;
    for (int i = 10'000; i < 30'000; ++i) keys.insert("k" + std::to_string(i));
    put_keys(c, keys);
    for (const char* after : {"", "k15000", "k29990"}) {
        c.rows.take_counts();
        list(c, query("", "", after, 100));
        const auto counts = c.rows.take_counts();
        CHECK(counts.scans == 1);
        CHECK(counts.rows_scanned <= 101);
    }
}

TEST_CASE("ListObjects: equals a naive listing on random keys and queries", "[catalog][listing]") {
    const auto seed = GENERATE(range(1U, 41U));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Catalog c;
    c.make_bucket();
    std::set<std::string> keys;
    for (std::size_t i = 0; i < 60; ++i) {
        auto key = random_text(random, 6);
        if (!key.empty()) keys.insert(std::move(key));
    }
    put_keys(c, keys);
    const Names delimiters{"", "/", "a", "/a", "\xff", "//"};
    for (int i = 0; i < 60; ++i) {
        const auto wanted =
            query(random_text(random, 2), delimiters[random() % delimiters.size()],
                  random_text(random, 4), static_cast<std::uint32_t>(1 + random() % 9));
        const auto found = list(c, wanted);
        const auto expected = naive_list(keys, wanted);
        CAPTURE(wanted.prefix, wanted.delimiter, wanted.after, wanted.limit);
        CHECK(names_of(found) == expected.names);
        CHECK(found.truncated == expected.truncated);
    }
}

TEST_CASE("ListObjects: pages of any size together are the whole listing", "[catalog][listing]") {
    const auto seed = GENERATE(range(100U, 120U));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Catalog c;
    c.make_bucket();
    std::set<std::string> keys;
    for (std::size_t i = 0; i < 80; ++i) keys.insert("k" + random_text(random, 6));
    put_keys(c, keys);
    for (const char* delimiter : {"", "/", "a"}) {
        const auto whole = naive_list(keys, query("k", delimiter, "", 1000)).names;
        for (const std::uint32_t limit : {1U, 2U, 7U, 100U}) {
            auto page = query("k", delimiter, "", limit);
            Names seen;
            for (;;) {
                const auto found = list(c, page);
                for (const auto& name : names_of(found)) seen.push_back(name);
                if (!found.truncated) break;
                REQUIRE(found.entries.size() == limit);
                page.after = seen.back();
            }
            CHECK(seen == whole);
        }
    }
}

namespace {

struct Upload {
    std::string key;
    std::string id;
    friend auto operator<=>(const Upload&, const Upload&) = default;
};

void put_uploads(Catalog& c, const std::set<Upload>& uploads) {
    holdfast::storage::Transaction transaction;
    for (const auto& upload : uploads)
        transaction.puts.push_back(
            {{holdfast::storage::RowFamily::index, catalog::upload_row(upload.key, upload.id)},
             records::Upload().SerializeAsString()});
    REQUIRE(run(c.rows.commit(catalog::bucket_partition(c.bucket), std::move(transaction))));
}

catalog::UploadListing list(Catalog& c, const catalog::UploadListQuery& wanted) {
    auto listing = run(catalog::list_uploads(c.store, c.bucket, wanted));
    REQUIRE(listing);
    return std::move(*listing);
}

std::vector<Upload> entries_of(const catalog::UploadListing& listing) {
    std::vector<Upload> entries;
    for (const auto& entry : listing.entries) entries.push_back({entry.name, entry.upload_id});
    return entries;
}

struct ExpectedUploads {
    std::vector<Upload> entries;
    bool truncated = false;
};

ExpectedUploads naive_list(const std::set<Upload>& uploads, const catalog::UploadListQuery& q) {
    ExpectedUploads expected;
    for (const auto& upload : uploads) {
        if (!begins_with(upload.key, q.keys.prefix) || upload.key < q.keys.after) continue;
        if (upload.key == q.keys.after && !q.keys.after.empty() &&
            (q.after_upload_id.empty() || upload.id <= q.after_upload_id))
            continue;
        const auto group = group_of(upload.key, q.keys);
        if (!group.empty() && group <= q.keys.after) continue;  // LMU-08
        const Upload entry = group.empty() ? upload : Upload{group, ""};
        if (!expected.entries.empty() && expected.entries.back() == entry) continue;
        if (expected.entries.size() == q.keys.limit) {
            expected.truncated = true;
            return expected;
        }
        expected.entries.push_back(entry);
    }
    return expected;
}

std::set<Upload> random_uploads(std::mt19937_64& random) {
    std::set<Upload> uploads;
    for (std::size_t i = 0; i < 60; ++i)
        uploads.insert({"k" + random_text(random, 3), "id" + std::to_string(random() % 100)});
    return uploads;
}

}  // namespace

TEST_CASE("ListMultipartUploads: by key, then by id; both markers; LMU-01, LMU-03",
          "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    put_uploads(c, {{"a", "1"}, {"a", "2"}, {"a", "3"}, {"a\x01", "1"}, {"ab", "1"}, {"b", "1"}});
    catalog::UploadListQuery wanted;
    wanted.keys.limit = 10;
    using Uploads = std::vector<Upload>;
    CHECK(entries_of(list(c, wanted)).size() == 6);
    wanted.keys.after = "a";
    CHECK(entries_of(list(c, wanted)) == Uploads{{"a\x01", "1"}, {"ab", "1"}, {"b", "1"}});
    wanted.after_upload_id = "2";
    wanted.keys.limit = 2;
    CHECK(entries_of(list(c, wanted)) == Uploads{{"a", "3"}, {"a\x01", "1"}});
    CHECK(list(c, wanted).truncated);
}

TEST_CASE("ListMultipartUploads: a group that is not behind the marker is left out, LMU-08",
          "[catalog][listing]") {
    Catalog c;
    c.make_bucket();
    put_uploads(c, {{"a/1", "1"}, {"a/2", "1"}, {"b/1", "1"}, {"c", "1"}});
    catalog::UploadListQuery wanted;
    wanted.keys = query("", "/", "a/1", 10);
    CHECK(entries_of(list(c, wanted)) == std::vector<Upload>{{"b/", ""}, {"c", "1"}});
    wanted.keys.after = "a/";
    CHECK(entries_of(list(c, wanted)) == std::vector<Upload>{{"b/", ""}, {"c", "1"}});
}

TEST_CASE("ListMultipartUploads: equals a naive listing on random uploads and queries",
          "[catalog][listing]") {
    const auto seed = GENERATE(range(1U, 41U));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Catalog c;
    c.make_bucket();
    const auto uploads = random_uploads(random);
    put_uploads(c, uploads);
    const Names delimiters{"", "/", "a", "\xff"};
    for (int i = 0; i < 60; ++i) {
        catalog::UploadListQuery wanted;
        const auto size = static_cast<std::uint32_t>(1 + random() % 9);
        wanted.keys = query(i % 2 == 0 ? "k" : "k" + random_text(random, 1),
                            delimiters[random() % delimiters.size()],
                            i % 3 == 0 ? "" : "k" + random_text(random, 3), size);
        if (!wanted.keys.after.empty() && i % 2 == 0)
            wanted.after_upload_id = "id" + std::to_string(random() % 100);
        const auto found = list(c, wanted);
        const auto expected = naive_list(uploads, wanted);
        CAPTURE(wanted.keys.prefix, wanted.keys.delimiter, wanted.keys.after,
                wanted.after_upload_id, size);
        CHECK(entries_of(found) == expected.entries);
        CHECK(found.truncated == expected.truncated);
    }
}

TEST_CASE("ListMultipartUploads: pages of any size together are the whole listing, LMU-11",
          "[catalog][listing]") {
    const auto seed = GENERATE(range(200U, 220U));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Catalog c;
    c.make_bucket();
    const auto uploads = random_uploads(random);
    put_uploads(c, uploads);
    for (const char* delimiter : {"", "/", "a"}) {
        catalog::UploadListQuery whole;
        whole.keys = query("k", delimiter, "", 1000);
        for (const std::uint32_t limit : {1U, 3U, 10U}) {
            catalog::UploadListQuery page;
            page.keys = query("k", delimiter, "", limit);
            std::vector<Upload> seen;
            for (;;) {
                const auto found = list(c, page);
                for (const auto& entry : entries_of(found)) seen.push_back(entry);
                if (!found.truncated) break;
                REQUIRE(found.entries.size() == limit);
                page.keys.after = seen.back().key;
                page.after_upload_id = seen.back().id;
            }
            CHECK(seen == naive_list(uploads, whole).entries);
        }
    }
}
