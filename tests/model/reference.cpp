#include "tests/model/reference.h"

#include <algorithm>

namespace holdfast::model_test {

namespace {

constexpr std::int64_t memory_ms = 24LL * 3600 * 1000;  // CPL-50, ABT-03

Expected no_such_bucket(const std::string& name) {
    return error(404, "NoSuchBucket", {{"BucketName", name}});
}

}  // namespace

Expected Reference::handle(const Call& call, std::int64_t now_ms) {
    now_ms_ = now_ms;
    Answer answer;
    const auto found = buckets_.find(call.bucket);
    if (call.bucket.empty()) {
        answer = list_buckets(call);
    } else if (call.method == "PUT" && call.key.empty()) {
        answer = create_bucket(call);
    } else if (found == buckets_.end()) {
        answer = no_such_bucket(call.bucket);
    } else {
        if (call.key.empty())
            answer = of_bucket(call, found->second);
        else if (call.parameter("uploadId"))
            answer = of_upload(call, found->second);
        else
            answer = of_object(call, found->second);
    }
    if (!answer.document.empty()) answer.headers["content-type"] = "application/xml";
    if (call.method == "HEAD" && answer.status >= 300) {
        answer.document.clear();
        answer.headers["content-type"] = any_value;
    }
    return answer;
}

Expected Reference::of_bucket(const Call& call, Bucket& bucket) {
    if (call.method == "HEAD")
        return {.headers = {{"content-type", "application/xml"},
                            {"x-amz-bucket-region", "us-east-1"},
                            {"x-amz-access-point-alias", "false"},
                            {"x-amz-bucket-arn", "arn:aws:s3:::" + call.bucket}}};
    if (call.method == "DELETE") return delete_bucket(call, bucket);
    if (call.method == "POST") return remove_many(call, bucket);
    if (call.parameter("location")) return {.document = {{"", "LocationConstraint"}}};
    if (call.parameter("uploads")) return list_uploads(call, bucket);
    return list_objects(call, bucket);
}

Expected Reference::of_object(const Call& call, Bucket& bucket) {
    if (call.method == "PUT")
        return call.header("x-amz-copy-source") ? copy(call, bucket) : put(call, bucket);
    if (call.method == "POST") return create_upload(call, bucket);
    if (call.method == "DELETE") return remove(call, bucket);
    if (call.parameter("attributes")) return attributes(call, bucket);
    return get(call, bucket);
}

Expected Reference::of_upload(const Call& call, Bucket& bucket) {
    if (call.method == "POST") return complete(call, bucket);
    if (call.method == "DELETE") return abort(call, bucket);
    const auto number = call.parameter("partNumber");
    if (call.method == "PUT") {
        const bool digits = number && !number->empty() && number->size() <= 5 &&
                            std::all_of(number->begin(), number->end(),
                                        [](char c) { return c >= '0' && c <= '9'; });
        if (!digits || std::stoi(*number) < 1 || std::stoi(*number) > 10'000)
            return invalid_argument("partNumber", number.value_or(""));  // UP-01
    }
    const auto id = call.parameter("uploadId").value_or("");
    const auto upload = std::find_if(
        bucket.uploads.begin(), bucket.uploads.end(),
        [&](const Upload& u) { return !id.empty() && u.id == id && u.key == call.key; });
    if (upload == bucket.uploads.end()) return error(404, "NoSuchUpload", {{"UploadId", id}});
    if (call.method == "GET") return list_parts(call, *upload);
    return call.header("x-amz-copy-source") ? copy_part(call, *upload) : put_part(call, *upload);
}

Expected Reference::create_bucket(const Call& call) {
    // The region is us-east-1, where making one's own bucket again is no error (operations 4).
    buckets_.try_emplace(call.bucket, Bucket{.created_ms = now_ms_});
    return {.headers = {{"location", "/" + call.bucket},
                        {"x-amz-bucket-arn", "arn:aws:s3:::" + call.bucket}}};
}

Expected Reference::delete_bucket(const Call& call, const Bucket& bucket) {
    if (!bucket.objects.empty()) return error(409, "BucketNotEmpty", {{"BucketName", call.bucket}});
    buckets_.erase(call.bucket);  // its uploads go too (RACE-09)
    return {.status = 204};
}

Expected Reference::list_buckets(const Call& call) const {
    Answer answer;
    answer.document[""] = "ListAllMyBucketsResult";
    add_owner(answer, "Owner");
    const auto prefix = call.parameter("prefix");
    if (prefix) answer.document["Prefix"] = *prefix;
    int count = 0;
    for (const auto& [name, bucket] : buckets_) {
        if (name.rfind(prefix.value_or(""), 0) != 0) continue;
        const auto path = "Buckets/Bucket[" + std::to_string(count++) + "]/";
        answer.document[path + "Name"] = name;
        answer.document[path + "CreationDate"] = xml_date(bucket.created_ms);
        answer.document[path + "BucketRegion"] = "us-east-1";
        answer.document[path + "BucketArn"] = "arn:aws:s3:::" + name;
    }
    if (count == 0) answer.document["Buckets"] = "";
    return answer;
}

void Reference::name_upload(const std::string& id) {
    Upload* last = nullptr;
    for (auto& [name, bucket] : buckets_)
        for (auto& upload : bucket.uploads)
            if (last == nullptr || upload.sequence > last->sequence) last = &upload;
    if (last != nullptr) last->id = id;
}

void Reference::name_upload(const std::string& bucket, const std::string& key,
                            const std::string& id) {
    for (auto& upload : buckets_.at(bucket).uploads) {
        if (upload.key != key || !upload.id.empty()) continue;
        upload.id = id;
        return;
    }
}

void Reference::forget_ended(std::int64_t now_ms) {
    for (auto& [name, bucket] : buckets_)
        std::erase_if(bucket.ended,
                      [&](const Ended& ended) { return ended.at_ms + memory_ms < now_ms; });
}

void Reference::add_owner(Answer& answer, const std::string& path) const {
    answer.document[path + "/ID"] = options_.canonical_id;
    answer.document[path + "/DisplayName"] = options_.display_name;
}

}  // namespace holdfast::model_test
