#include <algorithm>

#include "tests/model/reference.h"

namespace holdfast::model_test {

namespace {

/// How names appear in a list: as they are, or percent-encoded when that was asked for.
class Names {
public:
    explicit Names(const Call& call) : encoded_(call.parameter("encoding-type") == "url") {}
    std::string operator()(const std::string& name) const {
        return encoded_ ? percent_encoded(name, false) : name;
    }
    [[nodiscard]] bool encoded() const { return encoded_; }

private:
    bool encoded_;
};

std::optional<Expected> check_encoding(const Call& call) {
    const auto type = call.parameter("encoding-type");
    if (!type || *type == "url") return std::nullopt;
    return invalid_argument("encoding-type", *type);
}

}  // namespace

Expected Reference::list_objects(const Call& call, const Bucket& bucket) {
    if (auto refused = check_encoding(call)) return *refused;
    const bool v2 = call.parameter("list-type") == "2";
    const auto limit = page_size(call.parameter("max-keys"));
    if (!limit) return invalid_argument("max-keys", *call.parameter("max-keys"));
    const auto token = call.parameter("continuation-token");
    std::string after = call.parameter(v2 ? "start-after" : "marker").value_or("");
    if (v2 && token && !token->empty()) {
        const auto known = tokens_.find(*token);
        if (known == tokens_.end()) return invalid_argument("continuation-token", *token);
        after = known->second;
    }
    const auto prefix = call.parameter("prefix").value_or("");
    const auto delimiter = call.parameter("delimiter").value_or("");
    std::vector<std::string> keys;
    for (const auto& [key, object] : bucket.objects) keys.push_back(key);
    const auto page = page_of(keys, prefix, delimiter, after, *limit);

    const Names shown(call);
    Answer answer;
    auto& document = answer.document;
    document = {{"", "ListBucketResult"},
                {"Name", call.bucket},
                {"Prefix", shown(prefix)},
                {"MaxKeys", std::to_string(*limit)},
                {"IsTruncated", page.truncated ? "true" : "false"}};
    if (!delimiter.empty()) document["Delimiter"] = shown(delimiter);
    if (shown.encoded()) document["EncodingType"] = "url";
    int objects = 0;
    int groups = 0;
    for (const auto& item : page.items) {
        if (item.group) {
            document["CommonPrefixes[" + std::to_string(groups++) + "]/Prefix"] = shown(item.name);
            continue;
        }
        const Object& object = bucket.objects.at(item.name);
        const auto path = "Contents[" + std::to_string(objects++) + "]/";
        document[path + "Key"] = shown(item.name);
        document[path + "LastModified"] = xml_date(object.modified_ms);
        document[path + "ETag"] = quoted(object.etag);
        document[path + "ChecksumAlgorithm"] = object.checksum.algorithm;
        document[path + "ChecksumType"] = object.checksum.type;
        document[path + "Size"] = std::to_string(object.content->size());
        document[path + "StorageClass"] = object.properties.storage_class;
        if (!v2 || call.parameter("fetch-owner") == "true") {
            document[path + "Owner/ID"] = options_.canonical_id;
            document[path + "Owner/DisplayName"] = options_.display_name;
        }
    }
    last_position_ = page.items.empty() ? "" : page.items.back().name;
    if (!v2) {
        document["Marker"] = shown(after);
        if (page.truncated && !delimiter.empty()) document["NextMarker"] = shown(last_position_);
        return answer;
    }
    document["KeyCount"] = std::to_string(page.items.size());
    if (const auto start = call.parameter("start-after")) document["StartAfter"] = shown(*start);
    if (token) document["ContinuationToken"] = *token;
    if (page.truncated) document["NextContinuationToken"] = any_value;
    return answer;
}

Expected Reference::list_uploads(const Call& call, const Bucket& bucket) const {
    if (auto refused = check_encoding(call)) return *refused;
    const auto limit = page_size(call.parameter("max-uploads"));
    if (!limit) return invalid_argument("max-uploads", *call.parameter("max-uploads"));
    const auto prefix = call.parameter("prefix").value_or("");
    const auto delimiter = call.parameter("delimiter").value_or("");
    const auto key_marker = call.parameter("key-marker").value_or("");
    auto id_marker = call.parameter("upload-id-marker").value_or("");
    if (key_marker.empty()) id_marker.clear();  // LMU-04
    std::uint64_t after_sequence = ~std::uint64_t{0};
    if (!id_marker.empty()) {  // LMU-05
        bool known = false;
        const auto look = [&](const auto& entries) {
            for (const auto& entry : entries)
                if (entry.id == id_marker && entry.key == key_marker) {
                    known = true;
                    after_sequence = entry.sequence;
                }
        };
        look(bucket.uploads);
        look(bucket.ended);
        if (!known) return invalid_argument("upload-id-marker", id_marker);
    }
    std::vector<const Upload*> uploads;
    for (const auto& upload : bucket.uploads) uploads.push_back(&upload);
    std::stable_sort(uploads.begin(), uploads.end(),
                     [](const Upload* a, const Upload* b) { return a->key < b->key; });

    const Names shown(call);
    Answer answer;
    auto& document = answer.document;
    document = {{"", "ListMultipartUploadsResult"},
                {"Bucket", call.bucket},
                {"KeyMarker", shown(key_marker)},
                {"UploadIdMarker", id_marker},
                {"NextKeyMarker", ""},
                {"NextUploadIdMarker", ""},
                {"MaxUploads", std::to_string(*limit)}};
    if (!delimiter.empty()) document["Delimiter"] = shown(delimiter);
    if (!prefix.empty()) document["Prefix"] = shown(prefix);
    if (shown.encoded()) document["EncodingType"] = "url";
    int entries = 0;
    int groups = 0;
    bool truncated = false;
    bool ends_in_group = false;
    std::string last_group;
    for (const Upload* upload : uploads) {
        if (upload->key.rfind(prefix, 0) != 0) continue;
        const auto group = group_of(upload->key, prefix, delimiter);
        if (!group.empty()) {
            if (group <= key_marker || group == last_group) continue;  // LMU-08
        } else if (upload->key < key_marker ||
                   (upload->key == key_marker && upload->sequence <= after_sequence)) {
            continue;
        }
        truncated = entries + groups == *limit && *limit > 0;
        if (entries + groups == *limit) break;
        if (!group.empty()) {
            last_group = group;
            document["CommonPrefixes[" + std::to_string(groups++) + "]/Prefix"] = shown(group);
            ends_in_group = true;
            continue;
        }
        const auto path = "Upload[" + std::to_string(entries++) + "]";
        document[path + "/Key"] = shown(upload->key);
        document[path + "/UploadId"] = upload->id.empty() ? any_value : upload->id;
        document[path + "/StorageClass"] = upload->properties.storage_class;
        document[path + "/Initiated"] = xml_date(upload->initiated_ms);
        add_owner(answer, path + "/Initiator");
        add_owner(answer, path + "/Owner");
        if (!upload->algorithm.empty()) {
            document[path + "/ChecksumAlgorithm"] = upload->algorithm;
            document[path + "/ChecksumType"] = upload->type;
        }
        document["NextKeyMarker"] = shown(upload->key);
        document["NextUploadIdMarker"] = upload->id.empty() ? any_value : upload->id;
        ends_in_group = false;
    }
    if (truncated && ends_in_group) {  // LMU-11
        document["NextKeyMarker"] = shown(last_group);
        document["NextUploadIdMarker"] = "";
    }
    document["IsTruncated"] = truncated ? "true" : "false";
    return answer;
}

}  // namespace holdfast::model_test
