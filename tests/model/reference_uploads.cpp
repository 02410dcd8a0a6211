#include <algorithm>
#include <pugixml.hpp>

#include "tests/model/digests.h"
#include "tests/model/reference.h"

namespace holdfast::model_test {

namespace {

std::string part_etag(const Part& part) {
    return hex(part.content->digest("MD5"));
}

Expected no_such_upload(const Call& call) {
    return error(404, "NoSuchUpload", {{"UploadId", call.parameter("uploadId").value_or("")}});
}

/// An entry of a Complete's list.
struct Listed {
    int number = 0;
    std::string etag;  ///< without quotes
    std::string algorithm;
    std::string checksum;  ///< base64; empty: none
};

/// CPL-02, CPL-03. Nothing: `refusal` says why.
std::optional<std::vector<Listed>> parse_list(const Call& call, Expected& refusal) {
    if (!call.body || call.body->size() == 0) {
        refusal = error(400, "InvalidRequest");
        return std::nullopt;
    }
    refusal = error(400, "MalformedXML");
    pugi::xml_document document;
    if (!document.load_string(call.body->bytes().c_str())) return std::nullopt;
    std::vector<Listed> list;
    for (const auto part : document.child("CompleteMultipartUpload").children("Part")) {
        Listed listed;
        listed.number = part.child("PartNumber").text().as_int();
        listed.etag = unquoted(part.child("ETag").text().as_string());
        if (!part.child("PartNumber") || !part.child("ETag")) return std::nullopt;
        for (const auto child : part.children()) {
            const std::string name = child.name();
            if (name.rfind("Checksum", 0) != 0) continue;
            listed.algorithm = name.substr(8);
            listed.checksum = child.text().as_string();
        }
        list.push_back(std::move(listed));
    }
    if (list.empty()) return std::nullopt;
    return list;
}

/// What makes two lists the same (CPL-50).
std::string canonical(const std::vector<Listed>& list) {
    std::string text;
    for (const auto& part : list)
        text += std::to_string(part.number) + " " + part.etag + " " + part.checksum + "\n";
    return text;
}

/// CPL-10, CPL-11 with duplicate_parts = last.
std::optional<Expected> settle_order(std::vector<Listed>& list, const Call& call) {
    for (const auto& part : list)
        if (part.number < 1) return invalid_argument("PartNumber", std::to_string(part.number));
    for (std::size_t i = 1; i < list.size(); ++i)
        if (list[i].number < list[i - 1].number)
            return error(400, "InvalidPartOrder",
                         {{"UploadId", call.parameter("uploadId").value_or("")}});
    std::vector<Listed> last;
    for (auto& part : list) {
        if (!last.empty() && last.back().number == part.number) last.pop_back();
        last.push_back(std::move(part));
    }
    list = std::move(last);
    return std::nullopt;
}

/// CPL-20 to CPL-25 for one entry.
std::optional<Expected> check_entry(const std::vector<Listed>& list, std::size_t at,
                                    const Upload& upload, std::uint64_t bytes_min) {
    const auto& listed = list[at];
    const auto invalid_part = [&] {
        return error(400, "InvalidPart",
                     {{"UploadId", upload.id},
                      {"PartNumber", std::to_string(listed.number)},
                      {"ETag", listed.etag}});
    };
    const auto it = upload.parts.find(listed.number);
    if (it == upload.parts.end() || part_etag(it->second) != listed.etag) return invalid_part();
    const Content& content = *it->second.content;
    if (!listed.checksum.empty()) {
        if (upload.algorithm.empty()) return invalid_part();                       // CPL-22
        if (listed.algorithm != upload.algorithm) return error(400, "BadDigest");  // CPL-23
        if (listed.checksum != checksum_value(content, upload.algorithm)) return invalid_part();
    } else if (!upload.algorithm.empty() && upload.type == "COMPOSITE") {
        return error(400, "InvalidRequest");  // CPL-23a
    }
    if (!upload.algorithm.empty() && listed.number != static_cast<int>(at) + 1)
        return error(400, "InvalidPartOrder", {{"UploadId", upload.id}});  // CPL-24
    if (at + 1 < list.size() && content.size() < bytes_min)
        return error(400, "EntityTooSmall",
                     {{"ProposedSize", std::to_string(content.size())},
                      {"MinSizeAllowed", std::to_string(bytes_min)},
                      {"PartNumber", std::to_string(listed.number)},
                      {"ETag", listed.etag}});
    return std::nullopt;
}

/// CPL-30 to CPL-35.
std::optional<Expected> completion_conditions(const Call& call, const Upload& upload,
                                              const Object* current) {
    if (auto refused = write_condition_syntax(call, false)) return refused;
    if (auto refused = write_conditions(call, current)) return refused;
    const auto conflict = [&](const char* condition) {
        return error(409, "ConditionalRequestConflict",
                     {{"Condition", condition}, {"Key", call.key}});
    };
    if (call.header("if-none-match") && upload.object_existed) return conflict("If-None-Match");
    if (call.header("if-match") && current->written_ms > upload.initiated_ms)
        return conflict("If-Match");
    return std::nullopt;
}

/// The object that the listed parts make.
Object assembled(const std::vector<Listed>& list, const Upload& upload) {
    Object object;
    std::string bytes;
    std::string md5s;
    std::vector<std::string> checksums;
    const bool is_composite = upload.type == "COMPOSITE";
    for (const auto& listed : list) {
        const Content& content = *upload.parts.at(listed.number).content;
        md5s += content.digest("MD5");
        if (is_composite) checksums.push_back(checksum_value(content, upload.algorithm));
        object.parts.push_back(
            {listed.number, bytes.size(), content.size(), is_composite ? checksums.back() : ""});
        bytes += content.bytes();
    }
    object.content = std::make_shared<Content>(std::move(bytes));
    object.etag = hex(digest_of("MD5", md5s)) + "-" + std::to_string(list.size());  // CPL-43
    object.properties = upload.properties;
    object.modified_ms = upload.initiated_ms;  // CPL-42
    const auto algorithm = upload.algorithm.empty() ? "CRC64NVME" : upload.algorithm;
    object.checksum =
        is_composite ? composite(checksums, algorithm) : full_object(*object.content, algorithm);
    return object;
}

/// CPL-27, CPL-28.
std::optional<Expected> check_whole(const Call& call, const Upload& upload, const Object& object) {
    const auto size = call.header("x-amz-mp-object-size");
    if (size && *size != std::to_string(object.content->size()))
        return error(400, "InvalidRequest");
    const auto sent = sent_checksum(call);
    if (!sent || upload.algorithm.empty()) return std::nullopt;
    const auto& known = object.checksum;
    const bool right = sent->first == known.algorithm &&
                       (sent->second == known.value ||
                        sent->second == known.value.substr(0, known.value.find('-')));
    const bool type_fits =
        known.type == "COMPOSITE" || call.header("x-amz-checksum-type") == "FULL_OBJECT";
    if (!right || !type_fits) return error(400, "BadDigest");
    return std::nullopt;
}

std::string location_of(const Call& call, const std::string& origin) {
    std::string key = percent_encoded(call.key, true);
    for (auto at = key.find("%20"); at != std::string::npos; at = key.find("%20"))
        key.replace(at, 3, "+");
    return origin + "/" + call.bucket + "/" + key;
}

}  // namespace

Expected Reference::put_part(const Call& call, Upload& upload) const {
    static const auto nothing = std::make_shared<const Content>("");
    const auto content = call.body ? call.body : nothing;
    const auto sent = sent_checksum(call);
    if (!upload.algorithm.empty()) {
        if (sent && sent->first != upload.algorithm) return error(400, "InvalidRequest");  // CK-25
        if (!sent && upload.type == "COMPOSITE") return error(400, "InvalidRequest");      // CK-26
    }
    if (auto refused = check_digests(call, *content)) return *refused;
    Answer answer;
    answer.headers = {{"etag", quoted(hex(content->digest("MD5")))},
                      {"x-amz-server-side-encryption", "AES256"}};
    const auto algorithm = sent ? sent->first : upload.algorithm;  // CK-27, CK-28
    if (!algorithm.empty())
        answer.headers[checksum_header(algorithm)] = checksum_value(*content, algorithm);
    upload.parts[std::stoi(*call.parameter("partNumber"))] = {content, now_ms_};
    return answer;
}

Expected Reference::copy_part(const Call& call, Upload& upload) const {
    const auto source = source_of(call);
    if (source.object == nullptr) return source.refusal;
    const auto size = source.object->content->size();
    auto content = source.object->content;
    if (const auto text = call.header("x-amz-copy-source-range")) {
        const auto dash = text->find('-');
        const auto first_text = text->substr(6, dash - 6);
        const auto last_text = text->substr(dash + 1);
        if (first_text.empty() || last_text.empty() ||
            std::stoull(first_text) > std::stoull(last_text))
            return invalid_argument("x-amz-copy-source-range", *text);  // UPC-05
        const auto first = std::stoull(first_text);
        const auto last = std::stoull(last_text);
        if (first >= size) return error(400, "InvalidRequest");                       // UPC-07
        if (last >= size) return invalid_argument("x-amz-copy-source-range", *text);  // UPC-06
        content = std::make_shared<Content>(content->bytes().substr(first, last - first + 1));
    }
    Answer answer;
    answer.headers["x-amz-server-side-encryption"] = "AES256";
    answer.document = {{"", "CopyPartResult"},
                       {"LastModified", xml_date(now_ms_)},
                       {"ETag", quoted(hex(content->digest("MD5")))}};
    if (!upload.algorithm.empty())
        answer.document["Checksum" + upload.algorithm] = checksum_value(*content, upload.algorithm);
    upload.parts[std::stoi(*call.parameter("partNumber"))] = {content, now_ms_};
    return answer;
}

Expected Reference::list_parts(const Call& call, const Upload& upload) const {
    const auto limit = page_size(call.parameter("max-parts"));
    if (!limit) return invalid_argument("max-parts", *call.parameter("max-parts"));
    const auto marker = call.parameter("part-number-marker").value_or("");
    const int after = marker.empty() ? 0 : std::stoi(marker);
    Answer answer;
    auto& document = answer.document;
    document = {{"", "ListPartsResult"},
                {"Bucket", call.bucket},
                {"Key", call.key},
                {"UploadId", upload.id},
                {"StorageClass", upload.properties.storage_class},
                {"PartNumberMarker", std::to_string(after)},
                {"MaxParts", std::to_string(*limit)}};
    add_owner(answer, "Initiator");
    add_owner(answer, "Owner");
    if (!upload.algorithm.empty()) {
        document["ChecksumAlgorithm"] = upload.algorithm;
        document["ChecksumType"] = upload.type;
    }
    int shown = 0;
    int next = 0;
    bool truncated = false;
    for (auto it = upload.parts.upper_bound(after); it != upload.parts.end(); ++it) {
        truncated = shown == *limit && *limit > 0;
        if (shown == *limit) break;
        const auto& content = *it->second.content;
        const auto path = "Part[" + std::to_string(shown++) + "]/";
        document[path + "PartNumber"] = std::to_string(next = it->first);
        document[path + "LastModified"] = xml_date(it->second.modified_ms);
        document[path + "ETag"] = quoted(part_etag(it->second));
        document[path + "Size"] = std::to_string(content.size());
        if (!upload.algorithm.empty())
            document[path + "Checksum" + upload.algorithm] =
                checksum_value(content, upload.algorithm);
    }
    document["NextPartNumberMarker"] = std::to_string(next);
    document["IsTruncated"] = truncated ? "true" : "false";
    return answer;
}

Expected Reference::complete(const Call& call, Bucket& bucket) {
    Expected refusal;
    auto list = parse_list(call, refusal);
    if (!list) return refusal;
    const auto id = call.parameter("uploadId").value_or("");
    const auto list_text = canonical(*list);
    const auto upload =
        std::find_if(bucket.uploads.begin(), bucket.uploads.end(),
                     [&](const Upload& u) { return u.id == id && u.key == call.key; });
    if (upload == bucket.uploads.end()) {
        for (const auto& ended : bucket.ended)  // CPL-50
            if (ended.id == id && ended.key == call.key && ended.completed &&
                ended.part_list == list_text)
                return ended.answer;
        return no_such_upload(call);
    }
    const auto it = bucket.objects.find(call.key);
    const Object* current = it == bucket.objects.end() ? nullptr : &it->second;
    if (auto refused = completion_conditions(call, *upload, current)) return *refused;
    if (auto refused = settle_order(*list, call)) return *refused;
    const auto type = call.header("x-amz-checksum-type");
    if (type && (upload->algorithm.empty() || *type != upload->type))
        return error(400, "InvalidRequest");  // CPL-12
    for (std::size_t at = 0; at < list->size(); ++at)
        if (auto refused = check_entry(*list, at, *upload, options_.part_bytes_min))
            return *refused;
    auto object = assembled(*list, *upload);
    if (auto refused = check_whole(call, *upload, object)) return *refused;
    object.written_ms = now_ms_;

    Answer answer;
    answer.headers["x-amz-server-side-encryption"] = "AES256";
    answer.document = {{"", "CompleteMultipartUploadResult"},
                       {"Location", location_of(call, options_.origin)},
                       {"Bucket", call.bucket},
                       {"Key", call.key},
                       {"ETag", quoted(object.etag)},
                       {"Checksum" + object.checksum.algorithm, object.checksum.value},
                       {"ChecksumType", object.checksum.type}};
    bucket.ended.push_back(
        {upload->id, upload->key, upload->sequence, now_ms_, true, list_text, call.body, answer});
    bucket.objects[call.key] = std::move(object);
    bucket.uploads.erase(upload);
    return answer;
}

Expected Reference::abort(const Call& call, Bucket& bucket) {
    const auto id = call.parameter("uploadId").value_or("");
    const auto upload =
        std::find_if(bucket.uploads.begin(), bucket.uploads.end(),
                     [&](const Upload& u) { return u.id == id && u.key == call.key; });
    if (upload != bucket.uploads.end()) {
        bucket.ended.push_back(
            {upload->id, upload->key, upload->sequence, now_ms_, false, "", nullptr, {}});
        bucket.uploads.erase(upload);
        return {.status = 204};
    }
    for (const auto& ended : bucket.ended)
        if (ended.id == id && ended.key == call.key) return {.status = 204};  // ABT-03
    return no_such_upload(call);
}

}  // namespace holdfast::model_test
