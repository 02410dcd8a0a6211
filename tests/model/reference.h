/// The reference model: a plain S3 in memory, written from the specification (operations.md,
/// multipart.md and what the built operations take of them). It shares no code with the server, so
/// that the two agree only where both are right. Everything is a value: a copy of the model is a
/// possible other course of events (P5).
///
/// What only the server can choose, the ids of uploads and the tokens of lists, it is told.
///
/// threads: one. Rule ids in the sources are those of the specification.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/model/call.h"
#include "tests/model/rules.h"

namespace holdfast::model_test {

struct Properties {
    std::map<std::string, std::string> headers;  ///< as GET shows them; x-amz-meta-* among them
    std::string storage_class = "STANDARD";
};

struct ObjectPart {
    int number = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string checksum;  ///< COMPOSITE only
};

struct Object {
    ContentPtr content;
    Properties properties;
    std::string etag;  ///< without quotes
    std::int64_t modified_ms = 0;
    std::int64_t written_ms = 0;  ///< when it became current, which Last-Modified need not say
    Checksum checksum;
    std::vector<ObjectPart> parts;  ///< of a multipart object
};

struct Part {
    ContentPtr content;
    std::int64_t modified_ms = 0;
};

struct Upload {
    std::string id;  ///< empty: not known yet
    std::string key;
    std::uint64_t sequence = 0;  ///< of its initiation
    std::int64_t initiated_ms = 0;
    Properties properties;
    std::string algorithm;  ///< asked for; else empty
    std::string type;
    bool object_existed = false;
    std::map<int, Part> parts;
};

/// What is remembered of an upload that ended (CPL-50, ABT-03).
struct Ended {
    std::string id;
    std::string key;
    std::uint64_t sequence = 0;
    std::int64_t at_ms = 0;
    bool completed = false;
    std::string part_list;
    ContentPtr request;  ///< the Complete's body, to be sent again
    Expected answer;
};

struct Bucket {
    std::int64_t created_ms = 0;
    std::map<std::string, Object> objects{};
    std::vector<Upload> uploads{};  ///< in the order of their initiation
    std::vector<Ended> ended{};
};

struct ReferenceOptions {
    std::uint64_t part_bytes_min = 5 << 20;
    std::string canonical_id;
    std::string display_name = "root";
    std::string origin = "http://127.0.0.1:9000";  ///< how clients name the server
};

class Reference {
public:
    explicit Reference(ReferenceOptions options) : options_(std::move(options)) {}

    /// Does it, and says what the answer must be.
    Expected handle(const Call& call, std::int64_t now_ms);

    /// The id the server gave the upload made last.
    void name_upload(const std::string& id);
    /// Uploads without an id, when a list shows them: those of the key, oldest first.
    void name_upload(const std::string& bucket, const std::string& key, const std::string& id);
    /// The reclaimer's turn: what need not be remembered any more is forgotten (CPL-50: at least a
    /// day; until then a server may remember longer).
    void forget_ended(std::int64_t now_ms);
    /// The token that the last truncated ListObjectsV2 answered with.
    void name_token(const std::string& token) { tokens_[token] = last_position_; }

    [[nodiscard]] const std::map<std::string, Bucket>& buckets() const { return buckets_; }

private:
    using Answer = Expected;
    Answer of_bucket(const Call& call, Bucket& bucket);
    Answer of_object(const Call& call, Bucket& bucket);
    Answer of_upload(const Call& call, Bucket& bucket);

    Answer create_bucket(const Call& call);
    Answer delete_bucket(const Call& call, const Bucket& bucket);
    Answer list_buckets(const Call& call) const;

    Answer put(const Call& call, Bucket& bucket);
    Answer get(const Call& call, const Bucket& bucket) const;
    Answer copy(const Call& call, Bucket& bucket);
    Answer remove(const Call& call, Bucket& bucket);
    Answer remove_many(const Call& call, Bucket& bucket);
    Answer attributes(const Call& call, const Bucket& bucket) const;

    Answer list_objects(const Call& call, const Bucket& bucket);
    Answer list_uploads(const Call& call, const Bucket& bucket) const;

    Answer create_upload(const Call& call, Bucket& bucket);
    Answer put_part(const Call& call, Upload& upload) const;
    Answer copy_part(const Call& call, Upload& upload) const;
    Answer list_parts(const Call& call, const Upload& upload) const;
    Answer complete(const Call& call, Bucket& bucket);
    Answer abort(const Call& call, Bucket& bucket);

    struct Source {
        const Object* object = nullptr;
        std::string bucket;
        std::string key;
        Answer refusal;  ///< when there is no object
    };
    /// Of x-amz-copy-source, with its conditions.
    [[nodiscard]] Source source_of(const Call& call) const;
    void add_owner(Answer& answer, const std::string& path) const;

    ReferenceOptions options_;
    std::int64_t now_ms_ = 0;
    std::uint64_t sequence_ = 0;
    std::map<std::string, Bucket> buckets_;
    std::map<std::string, std::string> tokens_;  ///< position by token
    std::string last_position_;
};

}  // namespace holdfast::model_test
