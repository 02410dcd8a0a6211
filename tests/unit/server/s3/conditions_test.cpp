#include "server/s3/conditions.h"

#include "model/timestamp.h"
#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;
using std::chrono::seconds;

namespace {

const std::string etag = "b2add96cc9702bbf4efb0ccdfc6b7747";
const auto modified =
    *model::parse_header_date("Tue, 24 Nov 2026 10:00:00 GMT") + std::chrono::milliseconds(700);
const auto now = modified + std::chrono::hours(24);

/// One header of the cross product: as sent, and what the specification makes of it.
struct Case {
    std::optional<std::string> text;
    bool counts = false;  ///< present, readable and not in the future
    bool holds = false;   ///< ETag matches; or: the object was modified after the date
};

std::vector<Case> etag_cases() {
    return {{std::nullopt},
            {"\"" + etag + "\"", true, true},
            {etag, true, true},
            {"*", true, true},
            {"\"0123456789abcdef0123456789abcdef\"", true, false},
            {"\"x\", W/\"" + etag + "\"", true, true}};
}

std::vector<Case> date_cases() {
    return {{std::nullopt},
            {model::to_http_date(modified - seconds(1)), true, true},
            {model::to_http_date(modified), true, false},
            {model::to_http_date(modified + seconds(1)), true, false},
            {model::to_http_date(now + std::chrono::hours(1))},
            {"yesterday"}};
}

/// Operations 6.2, sentence by sentence: the status, and the header that decided.
std::pair<int, std::string> expected(const Case& match, const Case& none_match,
                                     const Case& modified_since, const Case& unmodified_since) {
    if (match.counts && !match.holds) return {412, "If-Match"};
    if (!match.counts && unmodified_since.counts && unmodified_since.holds)
        return {412, "If-Unmodified-Since"};
    if (none_match.counts && none_match.holds) return {304, "If-None-Match"};
    if (!none_match.counts && modified_since.counts && !modified_since.holds)
        return {304, "If-Modified-Since"};
    return {200, ""};
}

std::pair<int, std::string> decided(const ReadConditions& conditions) {
    const auto outcome = evaluate(conditions, etag, modified);
    const int status = outcome.result == ConditionResult::passed   ? 200
                       : outcome.result == ConditionResult::failed ? 412
                                                                   : 304;
    return {status, std::string(outcome.condition)};
}

ReadConditions parsed(const std::string& prefix, const Case& match, const Case& none_match,
                      const Case& modified_since, const Case& unmodified_since) {
    auto head = a_head("GET", "/bucket/key");
    const auto add = [&](const char* name, const Case& header) {
        if (header.text) head.headers.emplace_back(prefix + name, *header.text);
    };
    add("if-match", match);
    add("if-none-match", none_match);
    add("if-modified-since", modified_since);
    add("if-unmodified-since", unmodified_since);
    return ReadConditions::parse(*Request::parse(head, {}), prefix, now);
}

catalog::FoundObject an_object(std::string tag) {
    catalog::FoundObject object;
    object.record.set_etag(std::move(tag));
    return object;
}

/// The answer to a conditional write: the code, "" when it may go on.
std::string write_answer(HeaderList headers, bool present, IfMatchAny any = IfMatchAny::allowed) {
    const Parsed request("PUT", "/bucket/key", headers);
    const auto conditions = parse_write_conditions(request, any);
    if (!conditions) return code_of(conditions);
    const auto object = an_object(etag);
    return code_of(check(*conditions, present ? &object : nullptr, "key"));
}

}  // namespace

TEST_CASE("conditional reads: every combination of four headers (operations 6.2, UPC-04)",
          "[s3][conditions]") {
    for (const std::string prefix : {"", "x-amz-copy-source-"})
        for (const auto& match : etag_cases())
            for (const auto& none_match : etag_cases())
                for (const auto& since : date_cases())
                    for (const auto& unmodified : date_cases()) {
                        const auto outcome =
                            decided(parsed(prefix, match, none_match, since, unmodified));
                        const auto wanted = expected(match, none_match, since, unmodified);
                        if (outcome == wanted) continue;
                        INFO(match.text.value_or("-")
                             << " | " << none_match.text.value_or("-") << " | "
                             << since.text.value_or("-") << " | " << unmodified.text.value_or("-"));
                        REQUIRE(outcome == wanted);
                    }
}

TEST_CASE("conditional reads: every date format is understood (operations 3.2)",
          "[s3][conditions]") {
    for (const char* date : {"Tue, 24 Nov 2026 09:59:59 GMT", "Tuesday, 24-Nov-26 09:59:59 GMT",
                             "Tue Nov 24 09:59:59 2026", "2026-11-24T09:59:59Z"}) {
        const Parsed request("GET", "/bucket/key", {{"if-unmodified-since", date}});
        INFO(date);
        CHECK(decided(ReadConditions::parse(request, "", now)).first == 412);
    }
}

TEST_CASE("etag_matches: lists, quotes, weak tags and stars (operations 6.2)", "[s3][conditions]") {
    CHECK(etag_matches("\"a\"", "a"));
    CHECK(etag_matches("a", "a"));
    CHECK(etag_matches(" \"b\" , \"a\"", "a"));
    CHECK(etag_matches("W/\"a\"", "a"));
    CHECK(etag_matches(" * ", "a"));
    CHECK_FALSE(etag_matches("\"b\"", "a"));
    CHECK_FALSE(etag_matches("\"a", "a"));
    CHECK_FALSE(etag_matches("A", "a"));
    CHECK_FALSE(etag_matches("", "a"));
    CHECK_FALSE(etag_matches(",", "a"));
    CHECK_FALSE(etag_matches("\"*\"", "a"));
}

TEST_CASE("conditional writes: the whole table (operations 7.1)", "[s3][conditions]") {
    CHECK(write_answer({}, false).empty());
    CHECK(write_answer({}, true).empty());
    CHECK(write_answer({{"if-none-match", "*"}}, false).empty());
    CHECK(write_answer({{"if-none-match", "*"}}, true) == "PreconditionFailed");
    CHECK(write_answer({{"if-none-match", etag}}, false) == "NotImplemented");
    CHECK(write_answer({{"if-none-match", etag}}, true) == "NotImplemented");
    CHECK(write_answer({{"if-match", etag}}, false) == "NoSuchKey");
    CHECK(write_answer({{"if-match", etag}}, true).empty());
    CHECK(write_answer({{"if-match", "\"" + etag + "\""}}, true).empty());
    CHECK(write_answer({{"if-match", "\"other\""}}, true) == "PreconditionFailed");
    CHECK(write_answer({{"if-match", "*"}}, false) == "NoSuchKey");
    CHECK(write_answer({{"if-match", "*"}}, true).empty());
    CHECK(write_answer({{"if-match", etag}, {"if-none-match", "*"}}, false) == "NotImplemented");
    CHECK(write_answer({{"if-match", etag}, {"if-none-match", "*"}}, true) == "NotImplemented");
}

TEST_CASE("conditional writes: which condition failed is said (CPL-31, CPL-33, CPL-34)",
          "[s3][conditions]") {
    const auto object = an_object(etag);
    WriteConditions none;
    none.if_none_match = true;
    CHECK(field(check(none, &object, "key"), "Condition") == "If-None-Match");
    WriteConditions match;
    match.if_match = "other";
    CHECK(field(check(match, &object, "key"), "Condition") == "If-Match");
    CHECK(field(check(match, nullptr, "key"), "Key") == "key");
}

TEST_CASE("conditional writes: what is refused says which header (CPL-30 to CPL-30b)",
          "[s3][conditions]") {
    const Parsed both("POST", "/b-k/k", {{"if-match", "x"}, {"if-none-match", "*"}});
    const auto refused = parse_write_conditions(both, IfMatchAny::refused);
    CHECK(code_of(refused) == "NotImplemented");
    CHECK(field(refused, "Header") == "If-Match,If-None-Match");
    CHECK(field(refused, "additionalMessage") ==
          "Multiple conditional request headers present in the request");

    const Parsed value("POST", "/b-k/k", {{"if-none-match", "\"x\""}});
    const auto no_value = parse_write_conditions(value, IfMatchAny::refused);
    CHECK(field(no_value, "Header") == "If-None-Match");
    CHECK(field(no_value, "additionalMessage") ==
          "We don't accept the provided value of If-None-Match header for this API");

    CHECK(write_answer({{"if-match", "*"}}, true, IfMatchAny::refused) == "NotImplemented");
    CHECK(write_answer({{"if-match", etag}}, true, IfMatchAny::refused).empty());
}
