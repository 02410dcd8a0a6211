// Requests for lists.

#include <array>

#include "tests/model/calls.h"
#include "tests/model/choosing.h"

namespace holdfast::model_test {

namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

void add_list_parameters(Choices& choose, Query& query, const char* limit_name) {
    constexpr std::array prefixes{"", "a", "a/", "b", "a/b", "zz"};
    constexpr std::array delimiters{"", "/", "/", "b", "//"};
    constexpr std::array limits{"", "1", "2", "3", "5", "0", "1000", "2000", "x", "-1"};
    const std::string prefix = choose.of(prefixes);
    const std::string delimiter = choose.of(delimiters);
    const std::string limit = choose.of(limits);
    if (!prefix.empty()) query.emplace_back("prefix", prefix);
    if (!delimiter.empty()) query.emplace_back("delimiter", delimiter);
    if (!limit.empty()) query.emplace_back(limit_name, limit);
    const auto encoding = choose.below(30);
    const bool limit_is_wrong = limit == "x" || limit == "-1";  // one mistake is enough
    if (encoding >= 18)
        query.emplace_back("encoding-type", encoding == 29 && !limit_is_wrong ? "uri" : "url");
}

/// A place to begin behind: a key, or a group.
std::string choose_marker(Choices& choose) {
    constexpr std::array groups{"a/", "b/", "b//", "ab", "a/b"};
    return choose.chance(35) ? std::string(choose.of(groups)) : choose.of(key_names);
}

}  // namespace

Call list_call(bool v2, Choices& choose, const OpenLists& lists) {
    const auto& open = v2 ? lists.objects_v2 : lists.objects;
    if (choose.chance(40) && open) return *open;
    Call call{.method = "GET", .bucket = choose_bucket(choose)};
    if (v2) call.query.emplace_back("list-type", "2");
    add_list_parameters(choose, call.query, "max-keys");
    if (choose.chance(35))
        call.query.emplace_back(v2 ? "start-after" : "marker", choose_marker(choose));
    if (v2 && choose.chance(20)) call.query.emplace_back("fetch-owner", "true");
    if (v2 && choose.chance(3))
        call.query = {{"list-type", "2"}, {"continuation-token", "garbage"}};
    return call;
}

Call list_uploads_call(Choices& choose, const Reference& state, const OpenLists& lists) {
    if (choose.chance(40) && lists.uploads) return *lists.uploads;
    Call call{.method = "GET", .query = {{"uploads", ""}}};
    add_list_parameters(choose, call.query, "max-uploads");
    call.bucket = choose_bucket(choose);
    if (choose.chance(25)) {
        call.query.emplace_back("key-marker", choose_marker(choose));
    } else if (choose.chance(25)) {
        const auto upload = choose_upload(choose, state);
        call.bucket = upload.bucket;
        call.query.emplace_back("key-marker", upload.key);
        call.query.emplace_back("upload-id-marker", upload.id);
    }
    return call;
}

Call list_parts_call(Choices& choose, const Reference& state) {
    const auto upload = choose_upload(choose, state);
    Call call{.method = "GET", .bucket = upload.bucket, .key = upload.key};
    call.query = {{"uploadId", upload.id}};
    if (choose.chance(40)) call.query.emplace_back("max-parts", std::to_string(choose.below(4)));
    if (choose.chance(30))
        call.query.emplace_back("part-number-marker", std::to_string(choose.below(5)));
    return call;
}

}  // namespace holdfast::model_test
