#include <algorithm>
#include <pugixml.hpp>

#include "tests/model/digests.h"
#include "tests/model/reference.h"

namespace holdfast::model_test {

namespace {

using Headers = std::map<std::string, std::string>;

bool is_content_header(const std::string& name) {
    return name == "cache-control" || name == "content-disposition" || name == "content-encoding" ||
           name == "content-language" || name == "expires" || name.rfind("x-amz-meta-", 0) == 0;
}

/// Headers that create an object or an upload (operations 7, multipart 5.2, 5.7).
std::optional<Expected> take_properties(const Call& call, Properties& properties,
                                        bool with_metadata) {
    static const std::vector<std::string> classes{
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
        "GLACIER",  "DEEP_ARCHIVE",       "GLACIER_IR"};
    properties.storage_class = call.header("x-amz-storage-class").value_or("STANDARD");
    if (std::find(classes.begin(), classes.end(), properties.storage_class) == classes.end())
        return error(400, "InvalidStorageClass",
                     {{"StorageClassRequested", properties.storage_class}});
    if (with_metadata) {
        properties.headers["content-type"] =
            call.header("content-type").value_or("binary/octet-stream");
        std::size_t bytes = 0;
        for (const auto& [name, value] : call.headers) {
            if (!is_content_header(name)) continue;
            properties.headers[name] = value;
            if (name.rfind("x-amz-meta-", 0) == 0) bytes += name.size() - 11 + value.size();
        }
        if (bytes > 2048)
            return error(400, "MetadataTooLarge",
                         {{"Size", std::to_string(bytes)}, {"MaxSizeAllowed", "2048"}});
    }
    properties.headers.erase("x-amz-storage-class");
    if (properties.storage_class != "STANDARD")
        properties.headers["x-amz-storage-class"] = properties.storage_class;
    return std::nullopt;
}

void add_checksum(Headers& headers, const Checksum& checksum) {
    headers[checksum_header(checksum.algorithm)] = checksum.value;
    headers["x-amz-checksum-type"] = checksum.type;
}

Headers object_headers(const Object& object) {
    auto headers = object.properties.headers;
    headers["accept-ranges"] = "bytes";
    headers["etag"] = quoted(object.etag);
    headers["last-modified"] = http_date(object.modified_ms);
    headers["x-amz-server-side-encryption"] = "AES256";
    return headers;
}

Expected not_modified(const Object& object) {
    Expected answer;
    answer.status = 304;
    answer.headers = {{"etag", quoted(object.etag)},
                      {"last-modified", http_date(object.modified_ms)}};
    for (const char* name : {"cache-control", "expires"}) {
        const auto it = object.properties.headers.find(name);
        if (it != object.properties.headers.end()) answer.headers[name] = it->second;
    }
    return answer;
}

/// A stretch of an object as 206, or nothing of it as 200 (GP-06).
void cut_out(Expected& answer, const Object& object, std::uint64_t first, std::uint64_t size) {
    answer.body = std::make_shared<Content>(object.content->bytes().substr(first, size));
    if (size == 0) return;
    answer.status = 206;
    answer.headers["content-range"] = "bytes " + std::to_string(first) + "-" +
                                      std::to_string(first + size - 1) + "/" +
                                      std::to_string(object.content->size());
}

Expected no_such_part(std::size_t count, int number) {
    return error(416, "InvalidPartNumber",
                 {{"ActualPartCount", std::to_string(count)},
                  {"PartNumberRequested", std::to_string(number)}});
}

/// Multipart section 13.
Expected read_part(const Object& object, int number, bool checksum_mode) {
    Expected answer;
    answer.headers = object_headers(object);
    if (object.parts.empty()) {
        if (number != 1) return no_such_part(1, number);
        cut_out(answer, object, 0, object.content->size());
        if (checksum_mode) add_checksum(answer.headers, object.checksum);
        return answer;
    }
    const auto part = std::find_if(object.parts.begin(), object.parts.end(),
                                   [&](const ObjectPart& p) { return p.number == number; });
    if (part == object.parts.end()) return no_such_part(object.parts.size(), number);
    cut_out(answer, object, part->offset, part->size);
    answer.headers["x-amz-mp-parts-count"] = std::to_string(object.parts.size());
    if (!checksum_mode) return answer;
    if (object.checksum.type == "COMPOSITE")
        add_checksum(answer.headers, {object.checksum.algorithm, part->checksum, "COMPOSITE"});
    else if (object.parts.size() == 1)
        add_checksum(answer.headers, object.checksum);
    return answer;
}

}  // namespace

Expected Reference::put(const Call& call, Bucket& bucket) {
    static const auto nothing = std::make_shared<const Content>("");
    Object object;
    if (auto refused = take_properties(call, object.properties, true)) return *refused;
    if (auto refused = write_condition_syntax(call, true)) return *refused;
    const auto it = bucket.objects.find(call.key);
    if (auto refused = write_conditions(call, it == bucket.objects.end() ? nullptr : &it->second))
        return *refused;
    object.content = call.body ? call.body : nothing;
    if (auto refused = check_digests(call, *object.content)) return *refused;
    const auto sent = sent_checksum(call);
    object.checksum = full_object(*object.content, sent ? sent->first : "CRC64NVME");
    object.etag = hex(object.content->digest("MD5"));
    object.modified_ms = object.written_ms = now_ms_;
    Answer answer;
    answer.headers = {{"etag", quoted(object.etag)}, {"x-amz-server-side-encryption", "AES256"}};
    add_checksum(answer.headers, object.checksum);
    bucket.objects[call.key] = std::move(object);
    return answer;
}

Expected Reference::get(const Call& call, const Bucket& bucket) const {
    const auto range_header = call.header("range");
    const auto part = call.parameter("partNumber");
    if (part && (part->empty() || part->size() > 5 ||
                 part->find_first_not_of("0123456789") != std::string::npos ||
                 std::stoi(*part) < 1 || std::stoi(*part) > 10'000))
        return invalid_argument("partNumber", *part);
    if (part && range_header) return error(400, "InvalidRequest");
    const auto it = bucket.objects.find(call.key);
    if (it == bucket.objects.end()) return error(404, "NoSuchKey", {{"Key", call.key}});
    const Object& object = it->second;
    const auto refusal = read_conditions(call, "", object, now_ms_);
    if (refusal.not_modified) return not_modified(object);
    if (!refusal.condition.empty())
        return error(412, "PreconditionFailed", {{"Condition", refusal.condition}});
    const bool checksum_mode = call.header("x-amz-checksum-mode").has_value();
    const auto size = object.content->size();
    Answer answer;
    if (part) {
        answer = read_part(object, std::stoi(*part), checksum_mode);
    } else {
        const auto range = range_of(range_header, size);
        if (range.kind == Range::Kind::unsatisfiable) {
            answer = error(
                416, "InvalidRange",
                {{"RangeRequested", *range_header}, {"ActualObjectSize", std::to_string(size)}});
            answer.headers["content-range"] = "bytes */" + std::to_string(size);
            return answer;
        }
        answer.headers = object_headers(object);
        if (range.kind == Range::Kind::part)
            cut_out(answer, object, range.first, range.last - range.first + 1);
        else
            answer.body = object.content;
        if (checksum_mode && !range_header) add_checksum(answer.headers, object.checksum);
    }
    if (answer.body) answer.headers["content-length"] = std::to_string(answer.body->size());
    if (call.method == "HEAD") answer.body = nullptr;
    return answer;
}

Reference::Source Reference::source_of(const Call& call) const {
    Source source;
    auto text = call.header("x-amz-copy-source").value_or("");
    if (text.rfind('/', 0) == 0) text.erase(0, 1);
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        decoded += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
    }
    const auto slash = decoded.find('/');
    source.bucket = decoded.substr(0, slash);
    source.key = decoded.substr(slash + 1);
    const auto bucket = buckets_.find(source.bucket);
    if (bucket == buckets_.end()) {
        source.refusal = error(404, "NoSuchBucket", {{"BucketName", source.bucket}});
        return source;
    }
    const auto object = bucket->second.objects.find(source.key);
    if (object == bucket->second.objects.end()) {
        source.refusal = error(404, "NoSuchKey", {{"Key", source.key}});
        return source;
    }
    const auto refusal =
        read_conditions(call, "x-amz-copy-source-", object->second, now_ms_).condition;
    if (!refusal.empty())  // 412 also where a read is "not modified"
        source.refusal = error(412, "PreconditionFailed", {{"Condition", refusal}});
    else
        source.object = &object->second;
    return source;
}

Expected Reference::copy(const Call& call, Bucket& bucket) {
    const bool replace = call.header("x-amz-metadata-directive") == "REPLACE";
    Object object;
    if (auto refused = write_condition_syntax(call, true)) return *refused;
    if (auto refused = take_properties(call, object.properties, replace)) return *refused;
    const auto it = bucket.objects.find(call.key);
    if (auto refused = write_conditions(call, it == bucket.objects.end() ? nullptr : &it->second))
        return *refused;
    const auto source = source_of(call);
    if (source.object == nullptr) return source.refusal;
    const bool changes = replace || call.header("x-amz-storage-class");
    if (source.bucket == call.bucket && source.key == call.key && !changes)
        return error(400, "InvalidRequest");
    if (!replace)
        for (const auto& [name, value] : source.object->properties.headers)
            if (name == "content-type" || is_content_header(name))
                object.properties.headers[name] = value;
    object.content = source.object->content;
    auto algorithm = call.header("x-amz-checksum-algorithm");
    object.checksum =
        full_object(*object.content, algorithm.value_or(source.object->checksum.algorithm));
    object.etag = hex(object.content->digest("MD5"));  // also of a multipart source (GP-12)
    object.modified_ms = object.written_ms = now_ms_;
    Answer answer;
    answer.headers["x-amz-server-side-encryption"] = "AES256";
    answer.document = {{"", "CopyObjectResult"},
                       {"ETag", quoted(object.etag)},
                       {"LastModified", xml_date(now_ms_)},
                       {"Checksum" + object.checksum.algorithm, object.checksum.value},
                       {"ChecksumType", object.checksum.type}};
    bucket.objects[call.key] = std::move(object);
    return answer;
}

Expected Reference::remove(const Call& call, Bucket& bucket) {
    const auto it = bucket.objects.find(call.key);
    if (const auto match = call.header("if-match")) {
        if (it == bucket.objects.end()) return error(404, "NoSuchKey", {{"Key", call.key}});
        if (*match != "*" && unquoted(*match) != it->second.etag)
            return error(412, "PreconditionFailed", {{"Condition", "If-Match"}});
    }
    if (it != bucket.objects.end()) bucket.objects.erase(it);
    return {.status = 204};
}

Expected Reference::remove_many(const Call& call, Bucket& bucket) {
    if (!call.header("content-md5") && !sent_checksum(call)) return error(400, "InvalidRequest");
    if (auto refused = check_digests(call, *call.body)) return *refused;
    pugi::xml_document document;
    document.load_string(call.body->bytes().c_str(), pugi::parse_default | pugi::parse_ws_pcdata);
    const auto root = document.child("Delete");
    if (!root.child("Object")) return error(400, "MalformedXML");
    const bool quiet = root.child("Quiet").text().as_string() == std::string("true");
    Answer answer;
    answer.document[""] = "DeleteResult";
    int deleted = 0;
    int failed = 0;
    for (const auto object : root.children("Object")) {
        const std::string key = object.child("Key").text().as_string();
        Call one;
        one.key = key;
        if (object.child("ETag")) one.headers["if-match"] = object.child("ETag").text().as_string();
        const auto outcome = remove(one, bucket);
        if (outcome.status != 204) {
            const auto path = "Error[" + std::to_string(failed++) + "]/";
            answer.document[path + "Key"] = key;
            answer.document[path + "Code"] = outcome.code();
        } else if (!quiet) {
            answer.document["Deleted[" + std::to_string(deleted++) + "]/Key"] = key;
        }
    }
    return answer;
}

Expected Reference::attributes(const Call& call, const Bucket& bucket) const {
    const auto wanted = call.header("x-amz-object-attributes").value_or("");
    if (wanted.empty()) return error(400, "InvalidRequest");
    const auto asked = [&](const std::string& name) {
        return ("," + wanted + ",").find("," + name + ",") != std::string::npos;
    };
    const auto limit = page_size(call.header("x-amz-max-parts"));
    const auto after = call.header("x-amz-part-number-marker").value_or("0");
    if (!limit) return invalid_argument("x-amz-max-parts", *call.header("x-amz-max-parts"));
    const auto it = bucket.objects.find(call.key);
    if (it == bucket.objects.end()) return error(404, "NoSuchKey", {{"Key", call.key}});
    const Object& object = it->second;
    Answer answer;
    answer.headers["last-modified"] = http_date(object.modified_ms);
    auto& document = answer.document;
    document[""] = "GetObjectAttributesResponse";
    if (asked("ETag")) document["ETag"] = object.etag;
    if (asked("StorageClass")) document["StorageClass"] = object.properties.storage_class;
    if (asked("ObjectSize")) document["ObjectSize"] = std::to_string(object.content->size());
    if (asked("Checksum")) {
        document["Checksum/Checksum" + object.checksum.algorithm] =
            object.checksum.value.substr(0, object.checksum.value.find('-'));
        document["Checksum/ChecksumType"] = object.checksum.type;
    }
    if (!asked("ObjectParts") || object.parts.empty()) return answer;
    document["ObjectParts/PartsCount"] = std::to_string(object.parts.size());
    if (object.checksum.type != "COMPOSITE") return answer;  // GOA-04
    int shown = 0;
    int next = 0;
    bool truncated = false;
    for (const auto& part : object.parts) {
        if (part.number <= std::stoi(after)) continue;
        truncated = shown == *limit && *limit > 0;
        if (shown == *limit) break;
        const auto path = "ObjectParts/Part[" + std::to_string(shown++) + "]/";
        document[path + "PartNumber"] = std::to_string(next = part.number);
        document[path + "Size"] = std::to_string(part.size);
        document[path + "Checksum" + object.checksum.algorithm] = part.checksum;
    }
    document["ObjectParts/PartNumberMarker"] = after;
    document["ObjectParts/NextPartNumberMarker"] = std::to_string(next);
    document["ObjectParts/MaxParts"] = std::to_string(*limit);
    document["ObjectParts/IsTruncated"] = truncated ? "true" : "false";
    return answer;
}

Expected Reference::create_upload(const Call& call, Bucket& bucket) {
    Upload upload;
    if (auto refused = take_properties(call, upload.properties, true)) return *refused;
    upload.algorithm = call.header("x-amz-checksum-algorithm").value_or("");
    const auto type = call.header("x-amz-checksum-type");
    if (type && upload.algorithm.empty()) return error(400, "InvalidRequest");  // CK-03
    const bool crc = upload.algorithm == "CRC32" || upload.algorithm == "CRC32C";
    const bool only_full = upload.algorithm == "CRC64NVME";
    if (type && !crc && (*type == "FULL_OBJECT") != only_full)
        return error(400, "InvalidRequest");  // CK-04
    upload.type = upload.algorithm.empty() ? "FULL_OBJECT"
                                           : type.value_or(only_full ? "FULL_OBJECT" : "COMPOSITE");
    upload.key = call.key;
    upload.sequence = ++sequence_;
    upload.initiated_ms = now_ms_;
    upload.object_existed = bucket.objects.count(call.key) > 0;
    Answer answer;
    answer.headers["x-amz-server-side-encryption"] = "AES256";
    if (!upload.algorithm.empty()) {
        answer.headers["x-amz-checksum-algorithm"] = upload.algorithm;
        answer.headers["x-amz-checksum-type"] = upload.type;
    }
    answer.document = {{"", "InitiateMultipartUploadResult"},
                       {"Bucket", call.bucket},
                       {"Key", call.key},
                       {"UploadId", any_value}};
    bucket.uploads.push_back(std::move(upload));
    return answer;
}

}  // namespace holdfast::model_test
