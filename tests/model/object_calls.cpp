// Requests about objects.

#include <array>

#include "tests/model/calls.h"
#include "tests/model/choosing.h"
#include "tests/model/digests.h"
#include "tests/model/rules.h"

namespace holdfast::model_test {

namespace {

std::string choose_range(Choices& choose, std::uint64_t size) {
    const auto first = choose.below(size + 2);
    const auto length = choose.below(2) == 0 ? choose.below(10) : choose.below(70'000);
    switch (choose.below(12)) {
        case 0:
            return "bytes=0-0";
        case 1:
            return "bytes=" + std::to_string(first) + "-";
        case 2:
            return "bytes=-" + std::to_string(choose.below(size + 5));
        case 3:
            return "bytes=0-" + std::to_string(size + choose.below(2));
        case 4:
            return "bytes=" + std::to_string(size) + "-";
        case 5: {
            const std::array odd{"bytes=9-3", "bytes=abc", "bytes=0-0,2-3", "units=0-1",
                                 "bytes=-",   "bytes=-0",  "bytes=00-01"};
            return choose.of(odd);
        }
        case 6:
            return "bytes=65535-65536";
        default:
            return "bytes=" + std::to_string(first) + "-" + std::to_string(first + length);
    }
}

std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '&')
            result += "&amp;";
        else if (c == '<')
            result += "&lt;";
        else if (c == '>')
            result += "&gt;";
        else
            result += c;
    }
    return result;
}

}  // namespace

Call put_call(Choices& choose, const Reference& state) {
    Call call{.method = "PUT"};
    call.bucket = choose_bucket(choose);
    call.key = choose.of(key_names);
    call.body = choose_body(choose);
    add_write_condition(choose, call, object_of(state, call.bucket, call.key));
    add_digest(choose, call, "");
    add_properties(choose, call);
    return call;
}

Call read_call(const char* method, Choices& choose, const Reference& state, std::int64_t now_ms) {
    Call call{.method = method};
    choose_object(choose, state, call.bucket, call.key);
    const Object* object = object_of(state, call.bucket, call.key);
    const auto kind = choose.below(20);
    if (kind >= 9 && kind < 15)
        call.headers["range"] =
            choose_range(choose, object == nullptr ? 10 : object->content->size());
    if (kind >= 15 && kind < 18)
        call.query.emplace_back("partNumber", std::to_string(1 + choose.below(4)));
    if (kind == 18) call.query.emplace_back("partNumber", choose.below(2) == 0 ? "10001" : "x");
    if (choose.chance(35)) call.headers["x-amz-checksum-mode"] = "ENABLED";
    add_read_condition(choose, call, "", object, now_ms);
    return call;
}

Call copy_call(Choices& choose, const Reference& state, std::int64_t now_ms) {
    Call call{.method = "PUT"};
    call.bucket = choose_bucket(choose);
    call.key = choose.of(key_names);
    std::string from_bucket;
    std::string from_key;
    choose_object(choose, state, from_bucket, from_key);
    call.headers["x-amz-copy-source"] = source_header(from_bucket, from_key);
    const bool replaces = choose.chance(35);
    if (replaces) {
        call.headers["x-amz-metadata-directive"] = "REPLACE";
        add_properties(choose, call);
    }
    if (choose.chance(20)) call.headers["x-amz-checksum-algorithm"] = choose.of(algorithms);
    // Of several reasons to refuse, the request carries one.
    if (choose.chance(50))
        add_write_condition(choose, call, object_of(state, call.bucket, call.key));
    else
        add_read_condition(choose, call, "x-amz-copy-source-",
                           object_of(state, from_bucket, from_key), now_ms);
    return call;
}

Call remove_call(Choices& choose, const Reference& state) {
    Call call{.method = "DELETE"};
    choose_object(choose, state, call.bucket, call.key);
    const auto kind = choose.below(20);
    if (kind == 17) call.headers["if-match"] = etag_of(object_of(state, call.bucket, call.key));
    if (kind == 18) call.headers["if-match"] = quoted("ffff");
    if (kind == 19) call.headers["if-match"] = "*";
    return call;
}

Call remove_many_call(Choices& choose, const Reference& state) {
    Call call{.method = "POST", .bucket = choose_bucket(choose), .query = {{"delete", ""}}};
    std::string xml = "<Delete>";
    if (choose.chance(30)) xml += "<Quiet>true</Quiet>";
    const auto count = 1 + choose.below(4);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& key = choose.of(key_names);
        xml += "<Object><Key>" + escaped(key) + "</Key>";
        const auto condition = choose.below(12);
        if (condition == 10)
            xml += "<ETag>" + etag_of(object_of(state, call.bucket, key)) + "</ETag>";
        if (condition == 11) xml += "<ETag>\"ffff\"</ETag>";
        xml += "</Object>";
    }
    call.body = std::make_shared<Content>(xml + "</Delete>");
    if (choose.chance(30))
        call.headers["x-amz-checksum-crc32"] = checksum_value(*call.body, "CRC32");
    else
        call.headers["content-md5"] = base64(call.body->digest("MD5"));
    return call;
}

Call attributes_call(Choices& choose, const Reference& state) {
    Call call{.method = "GET", .query = {{"attributes", ""}}};
    choose_object(choose, state, call.bucket, call.key);
    constexpr std::array wanted{"ETag,Checksum,ObjectParts,StorageClass,ObjectSize",
                                "ObjectParts,Checksum", "ETag", "ObjectSize,StorageClass"};
    call.headers["x-amz-object-attributes"] = choose.of(wanted);
    if (choose.chance(25)) call.headers["x-amz-max-parts"] = std::to_string(choose.below(3));
    if (choose.chance(25))
        call.headers["x-amz-part-number-marker"] = std::to_string(choose.below(4));
    return call;
}

}  // namespace holdfast::model_test
