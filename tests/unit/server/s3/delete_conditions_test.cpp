#include "server/s3/delete_conditions.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

constexpr std::int64_t modified_ms = 1'795'514'400'700;  // Tue, 24 Nov 2026 10:00:00.7 GMT

catalog::FoundObject an_object() {
    catalog::FoundObject object;
    object.record.set_etag("abc");
    object.record.set_size(5);
    object.record.set_last_modified_ms(modified_ms);
    return object;
}

/// The code, or what failed of PreconditionFailed; "" when the deletion may go on.
std::string answer(const Result<DeleteConditions>& conditions, bool present) {
    if (!conditions) return code_of(conditions);
    const auto object = an_object();
    const auto checked = conditions->check(present ? &object : nullptr, "key");
    return field(checked, "Condition").value_or(code_of(checked));
}

std::string by_header(HeaderList headers, bool present = true) {
    return answer(DeleteConditions::parse(Parsed("DELETE", "/bucket/key", headers)), present);
}

std::string by_element(const std::string& content, bool present = true) {
    const auto document = XmlDocument::parse("<Object>" + content + "</Object>", "Object");
    REQUIRE(document);
    return answer(DeleteConditions::parse(document->root()), present);
}

}  // namespace

TEST_CASE("DeleteObject: If-Match (operations 8)", "[s3][delete]") {
    CHECK(by_header({}).empty());
    CHECK(by_header({}, false).empty());
    CHECK(by_header({{"if-match", "\"abc\""}}).empty());
    CHECK(by_header({{"if-match", "abc"}}).empty());
    CHECK(by_header({{"if-match", "*"}}).empty());
    CHECK(by_header({{"if-match", "\"other\""}}) == "If-Match");
    CHECK(by_header({{"if-match", "\"abc\""}}, false) == "NoSuchKey");
    CHECK(by_header({{"if-match", "*"}}, false) == "NoSuchKey");
}

TEST_CASE("DeleteObject: size and date (operations 8)", "[s3][delete]") {
    CHECK(by_header({{"x-amz-if-match-size", "5"}}).empty());
    CHECK(by_header({{"x-amz-if-match-size", "6"}}) == "If-Match-Size");
    CHECK(by_header({{"x-amz-if-match-size", "6"}}, false).empty());
    CHECK(by_header({{"x-amz-if-match-size", "-1"}}) == "InvalidArgument");
    const std::string date = "x-amz-if-match-last-modified-time";
    CHECK(by_header({{date, "Tue, 24 Nov 2026 10:00:00 GMT"}}).empty());
    CHECK(by_header({{date, "Tue, 24 Nov 2026 10:00:01 GMT"}}) == "If-Match-Last-Mod-Time");
    CHECK(by_header({{date, "Tue, 24 Nov 2026 10:00:01 GMT"}}, false).empty());
    CHECK(by_header({{date, "yesterday"}}) == "InvalidArgument");
}

TEST_CASE("DeleteObjects: conditions of one key (operations 8)", "[s3][delete]") {
    CHECK(by_element("<Key>k</Key>").empty());
    CHECK(by_element("<ETag>&quot;abc&quot;</ETag><Size>5</Size>"
                     "<LastModifiedTime>Tue, 24 Nov 2026 10:00:00 GMT</LastModifiedTime>")
              .empty());
    CHECK(by_element("<ETag>other</ETag>") == "If-Match");
    CHECK(by_element("<Size>4</Size>") == "If-Match-Size");
    CHECK(by_element("<LastModifiedTime>2026-11-24T09:00:00Z</LastModifiedTime>") ==
          "If-Match-Last-Mod-Time");
    CHECK(by_element("<Size>x</Size>") == "MalformedXML");
    CHECK(by_element("<LastModifiedTime>x</LastModifiedTime>") == "MalformedXML");
}

TEST_CASE("deletion: a version id of a bucket without versions (operations 8)", "[s3][delete]") {
    CHECK(*names_current_object(std::nullopt, "key"));
    CHECK(*names_current_object("null", "key"));
    CHECK_FALSE(*names_current_object("some-id", "key"));
    CHECK(code_of(names_current_object("", "key")) == "InvalidArgument");
    CHECK(code_of(names_current_object("a b", "key")) == "InvalidArgument");
}
