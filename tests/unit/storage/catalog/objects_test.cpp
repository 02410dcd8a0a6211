#include "tests/unit/storage/catalog/fixture.h"

namespace base = holdfast::base;
using namespace holdfast::test;
using holdfast::base::Awaitable;
using holdfast::storage::crypto::frame_plain_bytes;
using Kind = CatalogError::Kind;

namespace {

constexpr std::size_t inline_max = 16 * 1024;

/// Around every border: nothing, one byte, the inline limit, a frame, the 256 KiB of a buffer.
const std::vector<std::size_t> sizes{0,
                                     1,
                                     inline_max - 1,
                                     inline_max,
                                     inline_max + 1,
                                     frame_plain_bytes - 1,
                                     frame_plain_bytes,
                                     frame_plain_bytes + 1,
                                     2 * frame_plain_bytes,
                                     4 * frame_plain_bytes,
                                     4 * frame_plain_bytes + 1,
                                     9 * frame_plain_bytes + 12'345};

Kind storage_kind_is(const base::Expected<void, CatalogError>& outcome, StorageError::Kind kind) {
    const auto failed = failure_of(outcome);
    if (failed == Kind::storage) CHECK(outcome.error().storage.kind == kind);
    return failed;
}

}  // namespace

TEST_CASE("PutObject: what was put is got, whatever its size, in blobs only when large",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const auto size = GENERATE(from_range(sizes));
    Catalog::How how;
    how.size_known = GENERATE(true, false);
    how.bytes_a_call = GENERATE(std::size_t{1 << 30}, std::size_t{65'536}, std::size_t{7'777});
    CAPTURE(size, how.size_known, how.bytes_a_call);
    const auto text = make_text(size);
    c.put("a", text, how);
    CHECK(c.get("a") == text);
    CHECK(c.blobs.live() == (size > inline_max ? 1 : 0));
    CHECK(c.has_body_row("oa") == (size > 0 && size <= inline_max));
    CHECK(c.find("a")->record.body().plain_bytes() == size);
}

TEST_CASE("PutObject: byte by byte is the same object", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    Catalog::How how;
    how.bytes_a_call = 1;
    how.size_known = GENERATE(true, false);
    const auto text = make_text(inline_max + 100);
    c.put("a", text, how);
    CHECK(c.get("a") == text);
}

TEST_CASE("GetObject: any range, across frames and buffers", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const auto size = GENERATE(std::size_t{1}, std::size_t{1000}, inline_max, frame_plain_bytes,
                               3 * frame_plain_bytes + 5, 9 * frame_plain_bytes + 12'345);
    const auto text = make_text(size);
    c.put("a", text);
    std::vector<std::size_t> marks{0, 1, size / 3, size / 2, size - 1, size};
    for (std::size_t at = frame_plain_bytes; at < size; at += frame_plain_bytes) {
        marks.push_back(at - 1);
        marks.push_back(at);
        marks.push_back(at + 1);
    }
    for (const auto first : marks) {
        for (const auto end : marks) {
            if (first >= end || end > size) continue;
            auto range = c.get_range("a", first, end - first);
            REQUIRE(range);
            if (*range != text.substr(first, end - first)) FAIL_CHECK(first << "-" << end);
        }
    }
}

TEST_CASE("GetObject: a key that was never put is not there", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "text");
    CHECK_FALSE(c.get("b"));
    CHECK_FALSE(c.get("a\x01"));
    CHECK_FALSE(c.get("ab"));
}

TEST_CASE("PutObject and GetObject: so many calls of the row store, and no more",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const auto size = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{100'000});
    c.put("a", make_text(size));
    c.rows.take_counts();
    c.put("a", make_text(size, 2));
    auto counts = c.rows.take_counts();
    CHECK(counts.gets == 1);
    CHECK(counts.commits == 1);
    CHECK(counts.scans == 0);
    CHECK(c.get("a") == make_text(size, 2));
    counts = c.rows.take_counts();
    CHECK(counts.gets == (size > inline_max ? 2 : 1));
    CHECK(counts.scans == 0);
    c.remove("a");
    counts = c.rows.take_counts();
    CHECK(counts.gets == 1);
    CHECK(counts.commits == 1);
}

TEST_CASE("PutObject: over an object, the old one's blob becomes garbage in the same commit",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const auto before = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{100'000});
    const auto after = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{100'000});
    CAPTURE(before, after);
    c.put("a", make_text(before));
    c.put("a", make_text(after, 2));
    CHECK(c.get("a") == make_text(after, 2));
    CHECK(c.has_body_row("oa") == (after == 100));
    CHECK(c.rows_of_kind('g') == (before == 100'000 ? 1 : 0));
    c.collect_garbage();
    CHECK(c.rows_of_kind('g') == 0);
    CHECK(c.blobs.live() == (after == 100'000 ? 1 : 0));
    CHECK(c.get("a") == make_text(after, 2));
}

TEST_CASE("DeleteObject: record, body and blob go; an absent key is no error",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const auto size = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{100'000});
    c.put("a", make_text(size));
    c.remove("a");
    CHECK_FALSE(c.get("a"));
    CHECK_FALSE(c.has_body_row("oa"));
    c.collect_garbage();
    CHECK(c.blobs.live() == 0);
    c.remove("a");
    c.remove("never");
    CHECK(c.rows_of_kind('o') == 0);
}

TEST_CASE("DeleteObjects: each key by its own check, in order, one transaction",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    for (const char* key : {"a", "b", "c"}) c.put(key, make_text(100'000));
    std::vector<catalog::Objects::Removal> removals;
    std::vector<bool> seen;
    for (const char* key : {"a", "b", "none", "a", "c"}) {
        const bool allowed = std::string(key) != "b";
        removals.push_back({key, [&seen, allowed](const catalog::FoundObject* current) {
                                seen.push_back(current != nullptr);
                                return allowed;
                            }});
    }
    c.rows.take_counts();
    auto removed = run(c.objects.remove(c.bucket, std::move(removals)));
    REQUIRE(removed);
    CHECK(c.rows.take_counts().commits == 1);
    CHECK(*removed == std::vector<bool>{true, false, true, true, true});
    CHECK(seen == std::vector<bool>{true, true, false, false, true});
    CHECK_FALSE(c.find("a"));
    CHECK(c.get("b") == make_text(100'000));
    CHECK_FALSE(c.find("c"));
    c.collect_garbage();
    CHECK(c.blobs.live() == 1);
}

TEST_CASE("DeleteObjects: nothing to delete is no commit", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.rows.take_counts();
    c.remove("none");
    CHECK(c.rows.take_counts().commits == 0);
}

TEST_CASE("DeleteObjects: a thousand keys", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    std::vector<catalog::Objects::Removal> removals;
    for (int i = 0; i < 1000; ++i) {
        c.put("key" + std::to_string(i), make_text(20'000));
        removals.push_back({"key" + std::to_string(i), nullptr});
    }
    c.rows.take_counts();
    auto removed = run(c.objects.remove(c.bucket, std::move(removals)));
    REQUIRE(removed);
    const auto counts = c.rows.take_counts();
    CHECK(counts.gets == 1);
    CHECK(counts.commits == 1);
    CHECK(c.rows_of_kind('o') == 0);
    CHECK(c.rows_of_kind('g') == 1);
    c.collect_garbage();
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("PutObject: the check decides on the current object, CPL-36", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    Catalog::How only_if_absent;
    only_if_absent.check = [](const catalog::FoundObject* current) { return current == nullptr; };
    c.put("a", "first", only_if_absent);
    CHECK(failure_of(run(c.put_async("a", make_text(100'000), only_if_absent))) == Kind::refused);
    CHECK(c.get("a") == "first");
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("PutObject: the check decides again when the race is lost, P9", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    int asked = 0;
    Catalog::How only_if_absent;
    only_if_absent.check = [&](const catalog::FoundObject* current) {
        ++asked;
        return current == nullptr;
    };
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto won = co_await c.put_async("a", "winner", Catalog::How());
        if (!won) throw std::runtime_error("not put");
    };
    CHECK(failure_of(run(c.put_async("a", make_text(100'000), only_if_absent))) == Kind::refused);
    CHECK(asked == 2);
    CHECK(c.get("a") == "winner");
    CHECK(c.blobs.live() == 0);
}

TEST_CASE("PutObject: a lost race is tried again, the last commit wins whole",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto first = co_await c.put_async("a", make_text(90'000), Catalog::How());
        if (!first) throw std::runtime_error("not put");
    };
    c.put("a", make_text(100'000, 2));
    CHECK(c.get("a") == make_text(100'000, 2));
    c.collect_garbage();
    CHECK(c.blobs.live() == 1);
}

TEST_CASE("DeleteObject: the check decides again when the race is lost", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old");
    const auto version = c.find("a")->version;
    std::vector<catalog::Objects::Removal> removals(1);
    removals[0].key = "a";
    removals[0].check = [&](const catalog::FoundObject* current) {
        return current != nullptr && current->version == version;
    };
    c.rows.before_commit = [&]() -> Awaitable<void> {
        auto put = co_await c.put_async("a", "new", Catalog::How());
        if (!put) throw std::runtime_error("not put");
    };
    auto removed = run(c.objects.remove(c.bucket, std::move(removals)));
    REQUIRE(removed);
    CHECK(*removed == std::vector<bool>{false});
    CHECK(c.get("a") == "new");
}

TEST_CASE("PutObject: a commit that failed gives the body back, one in doubt does not, P5",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old");
    c.rows.fails = [](const holdfast::storage::Transaction&) { return true; };
    c.rows.failure = StorageError::Kind::io;
    CHECK(storage_kind_is(run(c.put_async("a", make_text(100'000), Catalog::How())),
                          StorageError::Kind::io) == Kind::storage);
    CHECK(c.blobs.live() == 0);
    c.rows.failure = StorageError::Kind::in_doubt;
    c.rows.applied_when_failing = true;
    CHECK(storage_kind_is(run(c.put_async("a", make_text(100'000), Catalog::How())),
                          StorageError::Kind::in_doubt) == Kind::storage);
    CHECK(c.blobs.live() == 1);
    c.rows.fails = nullptr;
    CHECK(c.get("a") == make_text(100'000));
}

TEST_CASE("PutObject: a full disk or a failing write leaves the old object and no blob",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old");
    Catalog::How how;
    how.size_known = GENERATE(true, false);
    c.blobs.failing_creates = 1;
    CHECK(storage_kind_is(run(c.put_async("a", make_text(600'000), how)),
                          StorageError::Kind::out_of_space) == Kind::storage);
    c.blobs.failing_appends = 1;
    CHECK(storage_kind_is(run(c.put_async("a", make_text(600'000), how)), StorageError::Kind::io) ==
          Kind::storage);
    CHECK(c.blobs.live() == 0);
    CHECK(c.get("a") == "old");
}

TEST_CASE("GetObject: a reader goes on with its object after an overwrite, UPC-15",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const auto text = make_text(1'000'000);
    c.put("a", text);
    auto found = c.find("a");
    auto reader = run(c.objects.open(c.bucket, "a", *found, 0, text.size()));
    REQUIRE(reader);
    c.put("a", make_text(500'000, 2));
    c.collect_garbage();
    std::string seen;
    for (;;) {
        auto piece = run(reader->next());
        REQUIRE(piece);
        if (piece->empty()) break;
        seen += base::as_text(*piece);
    }
    CHECK(seen == text);
    CHECK(c.get("a") == make_text(500'000, 2));
}

TEST_CASE("GetObject: an object replaced between find and open is to be found again",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.put("a", make_text(100'000));
    auto found = c.find("a");
    c.put("a", make_text(100'000, 2));
    const bool collected = GENERATE(true, false);
    if (collected) c.collect_garbage();
    CHECK(failure_of(run(c.read_async("a", *found, 0, 100'000))) == Kind::no_such_key);
    CHECK(c.get("a") == make_text(100'000, 2));
}

TEST_CASE("GetObject: an inline object is read from what was found, whatever came after",
          "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old text");
    auto found = c.find("a");
    c.put("a", make_text(100'000));
    auto text = run(c.read_async("a", *found, 4, 4));
    REQUIRE(text);
    CHECK(*text == "text");
}

TEST_CASE("GetObject: keys are bytes; neighbours do not meet", "[catalog][objects]") {
    Catalog c;
    c.make_bucket();
    const std::vector<std::string> keys{"a", "a/", "a\x01", "a\xff", "\xff\xff", "ä", "/", "aa"};
    for (std::size_t i = 0; i < keys.size(); ++i) c.put(keys[i], make_text(50 + i, i));
    for (std::size_t i = 0; i < keys.size(); ++i) CHECK(c.get(keys[i]) == make_text(50 + i, i));
    c.remove("a");
    for (std::size_t i = 1; i < keys.size(); ++i) CHECK(c.get(keys[i]) == make_text(50 + i, i));
}
