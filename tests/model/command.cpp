#include "tests/model/command.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/model/digests.h"

namespace holdfast::model_test {

const std::vector<std::string> bucket_names{"alpha", "beta", "gamma"};
const std::vector<std::string> key_names{"a", "a/",  "a/b",  "a/b/c", "a/bb",     "a+c",
                                         "b", "b c", "b//d", "b/",    "\xc3\xa4", "z&<q>\"'"};

namespace {

const std::array<const char*, kinds> names{
    "put",        "get",          "head",       "copy",          "remove",        "remove_many",
    "list",       "list_v2",      "attributes", "create_upload", "put_part",      "copy_part",
    "list_parts", "list_uploads", "complete",   "abort",         "create_bucket", "delete_bucket",
    "of_bucket",  "list_buckets", "wait",       "restart",       "kill",          "collect",
    "crash",      "fault"};

using Query = std::vector<std::pair<std::string, std::string>>;

const std::array algorithms{"CRC32", "CRC64NVME", "SHA256", "CRC32C", "SHA1", "SHA512", "MD5"};

/// Bytes that are like no other stretch of themselves or of another body.
std::string pattern(std::size_t size, std::size_t variant) {
    std::string bytes(size, '\0');
    std::uint32_t state = static_cast<std::uint32_t>(size * 31 + variant * 7919 + 1);
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

/// A body, the same object for the same choice, so that its digests are computed once.
ContentPtr body_of(std::size_t size, std::size_t variant) {
    static std::map<std::pair<std::size_t, std::size_t>, ContentPtr> made;
    auto& body = made[{size, variant}];
    if (!body) body = std::make_shared<Content>(pattern(size, variant));
    return body;
}

ContentPtr choose_body(Choices& choose) {
    // Around the limits: the smallest part, what is kept beside its record, a frame.
    constexpr std::size_t sizes[] = {1,    0,    100,     1024,   1500,   1023,   1024,   3000,
                                     2000, 100,  5000,    1025,   16'383, 16'384, 16'385, 1100,
                                     1,    4096, 65'535,  65'536, 65'537, 20'000, 200,    131'072,
                                     9000, 1200, 150'001, 7,      2048,   33'000};
    const auto size = choose.of(sizes);
    return body_of(size, choose.below(8));
}

std::string choose_bucket(Choices& choose) {
    const auto at = choose.below(40);
    if (at < 26) return "alpha";
    if (at < 34) return "beta";
    return at < 39 ? "gamma" : "delta";  // which is never made
}

const Object* object_of(const Reference& state, const std::string& bucket, const std::string& key) {
    const auto found = state.buckets().find(bucket);
    if (found == state.buckets().end()) return nullptr;
    const auto object = found->second.objects.find(key);
    return object == found->second.objects.end() ? nullptr : &object->second;
}

std::string etag_of(const Object* object) {
    return quoted(object == nullptr ? hex(digest_of("MD5", "none")) : object->etag);
}

/// A key, a bit more often one that is there.
void choose_object(Choices& choose, const Reference& state, std::string& bucket, std::string& key) {
    bucket = choose_bucket(choose);
    key = choose.of(key_names);
    const auto found = state.buckets().find(bucket);
    if (found == state.buckets().end() || found->second.objects.empty()) return;
    if (!choose.chance(50)) return;
    key = std::next(found->second.objects.begin(),
                    static_cast<std::ptrdiff_t>(choose.below(found->second.objects.size())))
              ->first;
}

void add_digest(Choices& choose, Call& call, const std::string& algorithm) {
    const auto kind = choose.below(20);
    if (kind < 9 && algorithm.empty()) return;
    if (kind < 12 && algorithm.empty()) {
        call.headers["content-md5"] = base64(call.body->digest("MD5"));
    } else if (kind == 12) {
        call.headers["content-md5"] = base64(digest_of("MD5", "something else"));
    } else if (kind == 13) {
        const std::string name = choose.of(algorithms);
        call.headers[checksum_header(name)] = base64(digest_of(name, "something else"));
    } else if (kind < 19 && !algorithm.empty()) {
        call.headers[checksum_header(algorithm)] = checksum_value(*call.body, algorithm);
    } else {
        const std::string name = choose.of(algorithms);
        call.headers[checksum_header(name)] = checksum_value(*call.body, name);
    }
}

void add_properties(Choices& choose, Call& call) {
    if (choose.chance(30)) call.headers["content-type"] = "text/plain";
    if (choose.chance(25))
        call.headers["x-amz-meta-color"] = choose.below(2) == 0 ? "red" : "deep blue";
    if (choose.chance(8)) call.headers["cache-control"] = "max-age=60";
    const auto storage = choose.below(60);
    if (storage == 58) call.headers["x-amz-storage-class"] = "STANDARD_IA";
    if (storage == 59) call.headers["x-amz-storage-class"] = "COLD";
}

void add_write_condition(Choices& choose, Call& call, const Object* current) {
    const auto kind = choose.below(50);
    if (kind < 42) return;
    if (kind < 45) call.headers["if-none-match"] = "*";
    if (kind >= 45 && kind < 47) call.headers["if-match"] = etag_of(current);
    if (kind == 47) call.headers["if-match"] = quoted("0123456789abcdef0123456789abcdef");
    if (kind == 48) call.headers["if-match"] = "*";
    if (kind == 49) call.headers["if-none-match"] = etag_of(current);
}

void add_read_condition(Choices& choose, Call& call, const std::string& prefix,
                        const Object* object, std::int64_t now_ms) {
    const auto kind = choose.below(60);
    if (kind < 48) return;
    const auto modified = object == nullptr ? now_ms : object->modified_ms;
    const auto date = http_date(choose.below(3) == 0   ? modified
                                : choose.below(2) == 0 ? modified - 5000
                                                       : now_ms + 50'000);
    const bool right = choose.below(2) == 0;
    const auto tag = right ? etag_of(object) : quoted("ffff");
    if (kind < 51) call.headers[prefix + "if-match"] = tag;
    if (kind >= 51 && kind < 54) call.headers[prefix + "if-none-match"] = tag;
    if (kind == 53 || kind == 54 || kind == 58) call.headers[prefix + "if-modified-since"] = date;
    if (kind == 50 || kind >= 55) call.headers[prefix + "if-unmodified-since"] = date;
}

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

std::string source_header(const std::string& bucket, const std::string& key) {
    return "/" + bucket + "/" + percent_encoded(key, false);
}

/// An upload as a request names it, with what the model knows of it.
struct Named {
    std::string bucket;
    std::string key;
    std::string id;
    const Upload* open = nullptr;
    const Ended* ended = nullptr;
};

Named choose_upload(Choices& choose, const Reference& state) {
    std::vector<Named> open;
    std::vector<Named> ended;
    for (const auto& [name, bucket] : state.buckets()) {
        for (const auto& upload : bucket.uploads)
            open.push_back({name, upload.key, upload.id, &upload, nullptr});
        for (const auto& past : bucket.ended)
            ended.push_back({name, past.key, past.id, nullptr, &past});
    }
    const auto kind = choose.below(40);
    if (kind == 39 || (open.empty() && ended.empty()))
        return {choose_bucket(choose), choose.of(key_names), "no-such-upload-id", nullptr, nullptr};
    Named named;
    if (open.empty() || (kind >= 33 && !ended.empty()))
        named = ended[ended.size() - 1 - choose.below(ended.size())];
    else
        named = open[open.size() - 1 - choose.below(open.size())];
    if (kind == 38) {
        named.key = choose.of(key_names);  // perhaps another one
        const bool same = (named.open != nullptr && named.open->key == named.key) ||
                          (named.ended != nullptr && named.ended->key == named.key);
        if (!same) named.open = nullptr, named.ended = nullptr;
    }
    return named;
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

Query part_query(Choices& choose, const Named& upload) {
    constexpr std::array numbers{1, 2, 3, 1, 2, 3, 1, 2, 4, 7, 10'000, 0, 10'001};
    return {{"partNumber", std::to_string(choose.of(numbers))}, {"uploadId", upload.id}};
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

Call list_parts_call(Choices& choose, const Reference& state) {
    const auto upload = choose_upload(choose, state);
    Call call{.method = "GET", .bucket = upload.bucket, .key = upload.key};
    call.query = {{"uploadId", upload.id}};
    if (choose.chance(40)) call.query.emplace_back("max-parts", std::to_string(choose.below(4)));
    if (choose.chance(30))
        call.query.emplace_back("part-number-marker", std::to_string(choose.below(5)));
    return call;
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

Call bucket_call(Choices& choose) {
    Call call{.method = choose.below(2) == 0 ? "HEAD" : "GET", .bucket = choose_bucket(choose)};
    if (call.method == "GET") call.query.emplace_back("location", "");
    return call;
}

}  // namespace

std::size_t Choices::below(std::size_t count) {
    if (at_ == command_.choices.size()) return 0;
    return command_.choices[at_++] % count;
}

std::string text_of(const Command& command) {
    std::string text = names[static_cast<std::size_t>(command.kind)];
    auto last = command.choices.size();
    while (last > 0 && command.choices[last - 1] == 0) --last;
    for (std::size_t i = 0; i < last; ++i) text += " " + std::to_string(command.choices[i]);
    return text;
}

std::string text_of(const Commands& commands) {
    std::string text;
    for (const auto& command : commands) text += (text.empty() ? "" : ";") + text_of(command);
    return text;
}

Commands parse(const std::string& text) {
    Commands commands;
    std::istringstream whole(text);
    for (std::string one; std::getline(whole, one, ';');) {
        std::istringstream words(one);
        std::string name;
        words >> name;
        Command command;
        const auto kind = std::find(names.begin(), names.end(), name);
        if (kind == names.end()) throw std::invalid_argument("no such command: " + name);
        command.kind = static_cast<Kind>(kind - names.begin());
        for (auto& choice : command.choices) words >> choice;
        commands.push_back(command);
    }
    return commands;
}

bool makes_request(Kind kind) {
    return kind < Kind::wait;
}

Call call_of(const Command& command, const Reference& state, const OpenLists& lists,
             std::int64_t now_ms) {
    Choices choose(command);
    switch (command.kind) {
        case Kind::put:
            return put_call(choose, state);
        case Kind::get:
            return read_call("GET", choose, state, now_ms);
        case Kind::head:
            return read_call("HEAD", choose, state, now_ms);
        case Kind::copy:
            return copy_call(choose, state, now_ms);
        case Kind::remove:
            return remove_call(choose, state);
        case Kind::remove_many:
            return remove_many_call(choose, state);
        case Kind::list_objects:
            return list_call(false, choose, lists);
        case Kind::list_objects_v2:
            return list_call(true, choose, lists);
        case Kind::attributes:
            return attributes_call(choose, state);
        case Kind::create_upload:
            return create_upload_call(choose);
        case Kind::put_part:
            return put_part_call(choose, state);
        case Kind::copy_part:
            return copy_part_call(choose, state, now_ms);
        case Kind::list_parts:
            return list_parts_call(choose, state);
        case Kind::list_uploads:
            return list_uploads_call(choose, state, lists);
        case Kind::complete:
            return complete_call(choose, state);
        case Kind::abort: {
            const auto upload = choose_upload(choose, state);
            return {.method = "DELETE",
                    .bucket = upload.bucket,
                    .key = upload.key,
                    .query = {{"uploadId", upload.id}}};
        }
        case Kind::create_bucket:
            return {.method = "PUT", .bucket = choose.of(bucket_names)};
        case Kind::delete_bucket:
            return {.method = "DELETE", .bucket = choose.of(bucket_names)};
        case Kind::of_bucket:
            return bucket_call(choose);
        default:
            return {.method = "GET"};
    }
}

}  // namespace holdfast::model_test
