#include "tests/unit/storage/catalog/fixture.h"

using namespace holdfast::test;
using Kind = CatalogError::Kind;

namespace {

std::vector<std::uint32_t> numbers_of(const catalog::PartPage& page) {
    std::vector<std::uint32_t> numbers;
    for (const auto& part : page.parts) numbers.push_back(part.number());
    return numbers;
}

catalog::PartPage list(Catalog& c, const catalog::UploadKey& upload, std::uint32_t after,
                       std::uint32_t limit) {
    auto page = run(c.uploads.list_parts(upload, after, limit));
    REQUIRE(page);
    return std::move(*page);
}

std::optional<records::Ended> ended(Catalog& c, const catalog::UploadKey& upload) {
    auto memory = run(c.uploads.ended(upload));
    REQUIRE(memory);
    return *memory;
}

/// Nothing of any upload but memories is left.
void check_no_upload_rows(Catalog& c) {
    for (const char kind : {'u', 'p', 't'}) CHECK(c.rows_of_kind(kind) == 0);
}

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("CreateMultipartUpload: found with what was given, and whether the key had an object",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto first = c.start_upload("a");
    c.put("a", "text");
    const auto second = c.start_upload("a");
    CHECK_FALSE(run(c.uploads.find(first))->record.object_existed());
    CHECK(run(c.uploads.find(second))->record.object_existed());
    CHECK(run(c.uploads.find(first))->record.initiated_ms() ==
          c.clock.wall().time_since_epoch().count());
    CHECK(c.get("a") == "text");
}

TEST_CASE("Multipart: an upload belongs to its bucket and key, GEN-07", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket("other");
    const auto other = c.bucket;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    auto wrong = upload;
    SECTION("another key") {
        wrong.key = "b";
    }
    SECTION("another id") {
        wrong.upload_id += "0";
    }
    SECTION("another bucket") {
        wrong.bucket_id = other;
    }
    CHECK(failure_of(run(c.uploads.find(wrong))) == Kind::no_such_upload);
    CHECK(failure_of(run(c.complete_async(wrong, {}))) == Kind::no_such_upload);
    CHECK(failure_of(run(c.uploads.abort(wrong))) == Kind::no_such_upload);
    CHECK(run(c.uploads.find(upload)));
}

TEST_CASE("UploadPart: again with the same number replaces the part, the old blob goes, UP-08",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    c.put_part(upload, 1, make_text(90'000, 2));
    c.put_part(upload, 1, "");
    c.put_part(upload, 1, make_text(80'000, 3));
    CHECK(list(c, upload, 0, 10).parts.size() == 1);
    c.collect_garbage();
    CHECK(c.blobs.live() == 1);
    c.complete(upload);
    CHECK(c.get("a") == make_text(80'000, 3));
}

TEST_CASE("UploadPart: one get and one commit", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.rows.take_counts();
    c.put_part(upload, 1, make_text(100'000));
    const auto counts = c.rows.take_counts();
    CHECK(counts.gets == 2);  // find() before the body, and the commit's own
    CHECK(counts.commits == 1);
    CHECK(counts.scans == 0);
}

TEST_CASE("ListParts: ascending, behind a marker, in pages, LP-02, LP-10", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    const auto neighbour = c.start_upload("a");
    c.put_part(neighbour, 2, "x");
    for (const std::uint32_t number : {10'000U, 3U, 256U, 1U, 255U})
        c.put_part(upload, number, "x");
    CHECK(numbers_of(list(c, upload, 0, 10)) == Numbers{1, 3, 255, 256, 10'000});
    CHECK_FALSE(list(c, upload, 0, 5).more);
    CHECK(numbers_of(list(c, upload, 0, 2)) == Numbers{1, 3});
    CHECK(list(c, upload, 0, 2).more);
    CHECK(numbers_of(list(c, upload, 3, 2)) == Numbers{255, 256});
    CHECK(numbers_of(list(c, upload, 10'000, 10)).empty());
    CHECK(numbers_of(list(c, upload, 4'000'000'000U, 10)).empty());
    CHECK(numbers_of(list(c, upload, UINT32_MAX, 10)).empty());
}

TEST_CASE("CompleteMultipartUpload: the parts in order, no byte copied, CPL-42",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    const auto initiated = c.clock.wall().time_since_epoch().count();
    c.clock.advance(std::chrono::hours(1));
    c.put_part(upload, 2, make_text(70'000, 2));
    c.put_part(upload, 1, make_text(200'000, 1));
    c.put_part(upload, 5, make_text(5, 3));
    const auto created = c.blobs.created;
    c.rows.take_counts();
    c.complete(upload);
    const auto counts = c.rows.take_counts();
    CHECK(counts.gets == 1);
    CHECK(counts.scans == 1);
    CHECK(counts.commits == 1);
    CHECK(c.blobs.created == created);
    const auto whole = make_text(200'000, 1) + make_text(70'000, 2) + make_text(5, 3);
    CHECK(c.get("a") == whole);
    const auto found = *c.find("a");
    CHECK(found.record.size() == whole.size());
    CHECK(found.record.last_modified_ms() == initiated);
    CHECK(found.record.etag() == upload.upload_id + "-3");
    check_no_upload_rows(c);
    CHECK(c.rows_of_kind('g') == 0);
    CHECK(failure_of(run(c.uploads.find(upload))) == Kind::no_such_upload);
}

TEST_CASE("GetObject: ranges across the parts of a multipart object", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    std::string whole;
    std::vector<std::size_t> marks{0};
    const std::vector<std::size_t> sizes{65'536, 1, 0, 100'000, 65'537, 0, 3};
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
        const auto text = make_text(sizes[i], i);
        c.put_part(upload, i + 1, text);
        whole += text;
        for (const auto around : {whole.size() - 1, whole.size(), whole.size() + 1})
            marks.push_back(around);
    }
    c.complete(upload);
    for (const auto first : marks) {
        for (const auto end : marks) {
            if (first >= end || end > whole.size()) continue;
            auto range = c.get_range("a", first, end - first);
            REQUIRE(range);
            if (*range != whole.substr(first, end - first)) FAIL_CHECK(first << "-" << end);
        }
    }
}

TEST_CASE("CompleteMultipartUpload: parts of nothing but an empty one, LIM-06",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, "");
    c.complete(upload);
    CHECK(c.get("a") == "");
    CHECK(c.find("a")->record.size() == 0);
}

TEST_CASE("GetObject by part: numbers as uploaded, each with its place, GP-04, GP-07",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    for (const std::uint32_t number : {1U, 3U, 5U}) c.put_part(upload, number, make_text(number));
    c.complete(upload);
    const auto found = *c.find("a");
    for (const std::uint32_t number : {1U, 3U, 5U}) {
        auto place = run(c.objects.find_part(c.bucket, "a", found, number));
        REQUIRE(place);
        REQUIRE(*place);
        CHECK((*place)->part.number() == number);
        auto text = c.get_range("a", (*place)->offset, number);
        REQUIRE(text);
        CHECK(*text == make_text(number));
    }
    for (const std::uint32_t number : {0U, 2U, 4U, 6U, 10'000U}) {
        auto place = run(c.objects.find_part(c.bucket, "a", found, number));
        REQUIRE(place);
        CHECK_FALSE(*place);
    }
}

TEST_CASE("CompleteMultipartUpload: parts that are not listed go, CPL-41", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    for (std::uint32_t number = 1; number <= 4; ++number)
        c.put_part(upload, number, make_text(100'000, number));
    c.complete(upload, {1, 3});
    CHECK(c.get("a") == make_text(100'000, 1) + make_text(100'000, 3));
    c.collect_garbage();
    CHECK(c.blobs.live() == 2);
    CHECK(c.get("a") == make_text(100'000, 1) + make_text(100'000, 3));
}

TEST_CASE("CompleteMultipartUpload: what the key had before is replaced whole",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto before = GENERATE(0, 1, 2, 3);
    if (before == 1) c.put("a", "inline");
    if (before == 2) c.put("a", make_text(100'000));
    if (before == 3) {
        const auto old = c.start_upload("a");
        for (std::uint32_t number = 1; number <= 3; ++number)
            c.put_part(old, number, make_text(70'000, number));
        c.complete(old);
    }
    const auto upload = c.start_upload("a");
    c.put_part(upload, 7, make_text(80'000, 9));
    c.complete(upload);
    CHECK(c.get("a") == make_text(80'000, 9));
    CHECK_FALSE(c.has_body_row("oa"));
    c.collect_garbage();
    CHECK(c.blobs.live() == 1);
    CHECK(c.blobs.live_completions() == 1);
    c.put("a", "small again");
    CHECK(c.get("a") == "small again");
    CHECK_FALSE(c.has_body_row(catalog::manifest_row("a", 0)));
    c.collect_garbage();
    CHECK(c.blobs.live() == 0);
    CHECK(c.blobs.live_completions() == 0);
}

TEST_CASE("CompleteMultipartUpload: refused, the upload is as it was, CPL-37",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old");
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    CHECK(failure_of(run(c.complete_async(upload, {1, 2}))) == Kind::refused);
    CHECK(c.get("a") == "old");
    CHECK(list(c, upload, 0, 10).parts.size() == 1);
    c.put_part(upload, 2, "rest");
    c.complete(upload, {1, 2});
    CHECK(c.get("a") == make_text(100'000) + "rest");
}

TEST_CASE("AbortMultipartUpload: everything goes, and is remembered, ABT-03 to ABT-05",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    c.put("a", "old");
    const auto upload = c.start_upload("a");
    const auto neighbour = c.start_upload("a");
    c.put_part(neighbour, 1, "kept");
    for (std::uint32_t number = 1; number <= 3; ++number)
        c.put_part(upload, number, make_text(100'000));
    REQUIRE(run(c.uploads.abort(upload)));
    CHECK(failure_of(run(c.uploads.find(upload))) == Kind::no_such_upload);
    CHECK(failure_of(run(c.put_part_async(upload, 4, "x"))) == Kind::no_such_upload);
    CHECK(failure_of(run(c.complete_async(upload, {}))) == Kind::no_such_upload);
    CHECK(failure_of(run(c.uploads.list_parts(upload, 0, 10))) == Kind::no_such_upload);
    c.collect_garbage();
    CHECK(c.blobs.live() == 1);
    REQUIRE(ended(c, upload));
    CHECK_FALSE(ended(c, upload)->completed());
    REQUIRE(run(c.uploads.abort(upload)));
    CHECK(c.get("a") == "old");
    c.complete(neighbour);
    CHECK(c.get("a") == "kept");
}

TEST_CASE("AbortMultipartUpload: after Complete it succeeds and the object stays, ABT-03",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    c.put_part(upload, 1, make_text(100'000));
    c.complete(upload);
    REQUIRE(run(c.uploads.abort(upload)));
    CHECK(c.get("a") == make_text(100'000));
    CHECK(ended(c, upload)->completed());
}

TEST_CASE("Ended uploads: the memory holds what a repeat needs, and goes in time, CPL-50",
          "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    CHECK_FALSE(ended(c, upload));
    c.put_part(upload, 1, make_text(100'000));
    c.clock.advance(std::chrono::minutes(5));
    c.complete(upload);
    const auto completed_at = c.clock.wall();
    c.remove("a");
    const auto memory = ended(c, upload);
    REQUIRE(memory);
    CHECK(memory->completed());
    CHECK(memory->part_list_digest() == "digest");
    CHECK(memory->etag() == upload.upload_id + "-1");
    CHECK(memory->at_ms() == completed_at.time_since_epoch().count());
    CHECK(*run(c.uploads.forget_ended(c.bucket, completed_at)) == 0);
    CHECK(ended(c, upload));
    CHECK(*run(c.uploads.forget_ended(c.bucket, completed_at + std::chrono::milliseconds(1))) == 1);
    CHECK_FALSE(ended(c, upload));
    CHECK(failure_of(run(c.uploads.abort(upload))) == Kind::no_such_upload);
    CHECK(*run(c.uploads.forget_ended(c.bucket, completed_at + std::chrono::hours(1))) == 0);
}

TEST_CASE("Ended uploads: thousands are forgotten at once", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    for (int i = 0; i < 2'100; ++i) {
        const auto upload = c.start_upload("k" + std::to_string(i));
        REQUIRE(run(c.uploads.abort(upload)));
    }
    const auto kept = c.start_upload("kept");
    c.clock.advance(std::chrono::hours(1));
    REQUIRE(run(c.uploads.abort(kept)));
    CHECK(*run(c.uploads.forget_ended(c.bucket, c.clock.wall())) == 2'100);
    CHECK(c.rows_of_kind('m') == 1);
    CHECK(ended(c, kept));
}

TEST_CASE("Multipart: 10,000 parts, LIM-02", "[catalog][multipart]") {
    Catalog c;
    c.make_bucket();
    const auto upload = c.start_upload("a");
    for (std::uint32_t number = 1; number <= 10'000; ++number)
        c.put_part(upload, number, "part " + std::to_string(number));
    const auto page = list(c, upload, 9'500, 1'000);
    CHECK(page.parts.size() == 500);
    CHECK_FALSE(page.more);
    c.rows.take_counts();
    c.complete(upload);
    CHECK(c.rows.take_counts().commits == 1);
    check_no_upload_rows(c);
    const auto found = *c.find("a");
    c.rows.take_counts();
    for (const std::uint32_t number : {1U, 1'000U, 1'001U, 5'000U, 10'000U}) {
        auto place = run(c.objects.find_part(c.bucket, "a", found, number));
        REQUIRE(place);
        REQUIRE(*place);
        const auto text = "part " + std::to_string(number);
        auto part = run(c.read_async("a", found, (*place)->offset, text.size()));
        REQUIRE(part);
        CHECK(*part == text);
    }
    CHECK(c.rows.take_counts().gets == 5 * 3);
    std::string whole;
    for (int number = 1; number <= 10'000; ++number) whole += "part " + std::to_string(number);
    CHECK(c.get("a") == whole);
    c.remove("a");
    CHECK(c.rows_of_kind('g') == 11);  // of 1,000 blobs; with the completion there are 10,001
    c.collect_garbage();
    CHECK(c.blobs.live() == 0);
    CHECK(c.blobs.live_completions() == 0);
}
