// Requests about uploads and their parts.

#include <array>
#include <utility>
#include <vector>

#include "tests/model/calls.h"
#include "tests/model/choosing.h"
#include "tests/model/digests.h"
#include "tests/model/rules.h"

namespace holdfast::model_test {

namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

Query part_query(Choices& choose, const Named& upload) {
    constexpr std::array numbers{1, 2, 3, 1, 2, 3, 1, 2, 4, 7, 10'000, 0, 10'001};
    return {{"partNumber", std::to_string(choose.of(numbers))}, {"uploadId", upload.id}};
}

/// An entry of the list in a Complete's body.
struct Entry {
    int number = 0;
    std::string etag;
    std::string checksum;
};

std::string list_xml(const std::vector<Entry>& entries, const std::string& algorithm) {
    std::string xml = "<CompleteMultipartUpload>";
    for (const auto& entry : entries) {
        xml += "<Part><PartNumber>" + std::to_string(entry.number) + "</PartNumber><ETag>" +
               entry.etag + "</ETag>";
        if (!entry.checksum.empty())
            xml += "<Checksum" + algorithm + ">" + entry.checksum + "</Checksum" + algorithm + ">";
        xml += "</Part>";
    }
    return xml + "</CompleteMultipartUpload>";
}

/// All parts in order, or one of the ways to get it wrong.
std::vector<Entry> choose_entries(Choices& choose, const Upload& upload) {
    std::vector<Entry> entries;
    const bool with_checksums =
        !upload.algorithm.empty() &&
        (upload.type == "COMPOSITE" ? !choose.chance(4) : choose.chance(50));
    for (const auto& [number, part] : upload.parts)
        entries.push_back({number, quoted(hex(part.content->digest("MD5"))),
                           with_checksums ? checksum_value(*part.content, upload.algorithm) : ""});
    const auto fault = choose.below(30);
    if (fault >= 20 && fault < 24 && entries.size() > 1)
        entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(choose.below(entries.size())));
    if (fault == 24 && entries.size() > 1) std::swap(entries.front(), entries.back());
    if (fault == 25 && !entries.empty()) entries.back().etag = quoted("ffff");
    if (fault == 26) entries.push_back({9, quoted(hex(digest_of("MD5", ""))), ""});
    if (fault == 27 && !entries.empty()) {
        entries.insert(entries.begin(), entries.front());
        entries.front().etag = quoted("ffff");  // replaced: the last of a number counts
    }
    return entries;
}

void add_whole_checks(Choices& choose, Call& call, const Upload& upload) {
    std::uint64_t size = 0;
    for (const auto& [number, part] : upload.parts) size += part.content->size();
    const auto kind = choose.below(20);
    if (kind == 18) call.headers["x-amz-mp-object-size"] = std::to_string(size);
    if (kind == 19) call.headers["x-amz-mp-object-size"] = std::to_string(size + 1);
    if (kind == 17) call.headers["x-amz-checksum-type"] = upload.type;
}

}  // namespace

Call create_upload_call(Choices& choose) {
    Call call{.method = "POST", .query = {{"uploads", ""}}};
    call.bucket = choose_bucket(choose);
    call.key = choose.of(key_names);
    const auto algorithm = choose.below(14);
    if (algorithm >= 7) call.headers["x-amz-checksum-algorithm"] = algorithms[algorithm - 7];
    const auto type = choose.below(10);
    if (type == 8) call.headers["x-amz-checksum-type"] = "COMPOSITE";
    if (type == 9) call.headers["x-amz-checksum-type"] = "FULL_OBJECT";
    add_properties(choose, call);
    return call;
}

Call put_part_call(Choices& choose, const Reference& state) {
    const auto upload = choose_upload(choose, state);
    Call call{.method = "PUT", .bucket = upload.bucket, .key = upload.key};
    call.query = part_query(choose, upload);
    call.body = choose_body(choose);
    add_digest(choose, call, upload.open == nullptr ? "" : upload.open->algorithm);
    return call;
}

Call copy_part_call(Choices& choose, const Reference& state, std::int64_t now_ms) {
    const auto upload = choose_upload(choose, state);
    Call call{.method = "PUT", .bucket = upload.bucket, .key = upload.key};
    call.query = part_query(choose, upload);
    std::string from_bucket;
    std::string from_key;
    choose_object(choose, state, from_bucket, from_key);
    call.headers["x-amz-copy-source"] = source_header(from_bucket, from_key);
    const Object* source = object_of(state, from_bucket, from_key);
    if (choose.chance(40)) {
        const auto size = source == nullptr ? 10 : source->content->size();
        const auto first = choose.below(size + 2);
        call.headers["x-amz-copy-source-range"] =
            "bytes=" + std::to_string(first) + "-" +
            std::to_string(first + choose.below(choose.chance(50) ? 3000 : size + 1));
    } else {
        add_read_condition(choose, call, "x-amz-copy-source-", source, now_ms);
    }
    return call;
}

Call complete_call(Choices& choose, const Reference& state) {
    const auto upload = choose_upload(choose, state);
    Call call{.method = "POST", .bucket = upload.bucket, .key = upload.key};
    call.query = {{"uploadId", upload.id}};
    if (upload.ended != nullptr && upload.ended->completed && !choose.chance(20)) {
        call.body = upload.ended->request;
        return call;
    }
    if (upload.open == nullptr) {
        call.body = std::make_shared<Content>(list_xml({{1, quoted("ffff"), ""}}, ""));
        return call;
    }
    call.body = std::make_shared<Content>(
        list_xml(choose_entries(choose, *upload.open), upload.open->algorithm));
    const auto odd = choose.below(60);
    if (odd == 58) call.body = nullptr;
    if (odd == 59) call.body = std::make_shared<Content>("<CompleteMultipartUpload><Part>");
    add_write_condition(choose, call, object_of(state, call.bucket, call.key));
    if (call.headers.empty()) add_whole_checks(choose, call, *upload.open);
    return call;
}

}  // namespace holdfast::model_test
