#include "storage/catalog/rebuild.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "model/names.h"
#include "storage/catalog/completion_blob.h"
#include "storage/catalog/restored_object.h"

namespace holdfast::storage::catalog {

namespace {

constexpr std::size_t bucket_id_digits = 16;
constexpr std::size_t blobs_per_garbage_row = 1000;

/// The id in the name of a bucket's partition; empty for another one.
std::string bucket_id_of(const Partition& partition) {
    constexpr std::string_view prefix = "b/";
    if (partition.size() <= prefix.size() + bucket_id_digits) return {};
    auto id = partition.substr(prefix.size(), bucket_id_digits);
    return bucket_partition(id) == partition ? id : std::string();
}

bool is_object_row(std::string_view row) {
    return row.starts_with('o') && model::ObjectKey::parse(row.substr(1)).has_value();
}

class Rebuilding {
public:
    Rebuilding(const std::vector<BlobInSegments>& blobs, const RebuildOptions& options)
        : blobs_(blobs), options_(options) {}

    Result<RebuildReport> run() {
        name_buckets();
        for (const auto& blob : blobs_)
            if (blob.kind == BlobKind::part) parts_.emplace(blob.ref.id, &blob);
        for (const auto& [partition, name] : names_)
            if (auto put = put_bucket(partition, name); !put) return std::move(put).error();
        for (const auto& blob : blobs_) {
            if (blob.kind == BlobKind::part) continue;
            if (auto done = take(blob); !done) return std::move(done).error();
        }
        if (auto put = put_garbage(); !put) return std::move(put).error();
        for (const auto& blob : blobs_)
            if (blob.kind == BlobKind::part && used_parts_.count(blob.ref.id) == 0)
                ++report_.unused_parts;
        return std::move(report_);
    }

private:
    /// A name that several partitions claim belongs to the one that was written to last: the
    /// others are of buckets that were deleted before.
    void name_buckets() {
        std::set<std::string> taken;
        std::set<Partition> seen;
        for (const auto& blob : blobs_) {
            const auto& partition = blob.identity.partition;
            const auto id = bucket_id_of(partition);
            if (id.empty() || !seen.insert(partition).second) continue;
            auto name = blob.identity.bucket;
            if (!model::BucketName::parse(name)) name = "restored-" + id;
            if (taken.insert(name).second)
                names_.emplace(partition, name);
            else
                report_.problems.push_back(fmt::format(
                    "bucket {}: an earlier one of the same name ({}) is not restored", name, id));
        }
    }

    Result<void> put_bucket(const Partition& partition, const std::string& name) {
        records::Bucket bucket;
        bucket.set_id(bucket_id_of(partition));
        bucket.set_name(name);
        bucket.set_owner(options_.owner);
        bucket.set_owner_account(options_.owner_account);
        bucket.set_region(options_.region);
        bucket.set_created_ms(options_.now.time_since_epoch().count());
        ++report_.buckets;
        auto put = options_.put(partition, {RowFamily::index, std::string(bucket_state_row)},
                                records::BucketState().SerializeAsString());
        if (!put) return put;
        return options_.put(system_partition, {RowFamily::index, bucket_row(name)},
                            bucket.SerializeAsString());
    }

    Result<void> take(const BlobInSegments& blob) {
        const auto& identity = blob.identity;
        const auto bucket = names_.find(identity.partition);
        if (bucket == names_.end()) return {};
        if (!is_object_row(identity.row_key)) {
            problem(bucket->second, identity.row_key, "its blob names no object");
            return {};
        }
        const auto row = std::make_pair(identity.partition, identity.row_key);
        if (lost_.count(row) > 0) return {};
        if (!restored_.insert(row).second) {
            ++report_.replaced;
            garbage_[identity.partition].push_back(blob.ref);
            return {};
        }
        std::string why;
        auto object = restore(blob, why);
        if (!object) {
            lost_.insert(row);
            problem(bucket->second, std::string_view(identity.row_key).substr(1), why);
            return {};
        }
        return put_object(identity, *object);
    }

    std::optional<RestoredObject> restore(const BlobInSegments& blob, std::string& why) {
        if (blob.kind == BlobKind::object)
            return restore_object(blob.ref, blob.identity.record, why);
        const auto find = [this](const BlobId& id) -> const BlobRef* {
            const auto found = parts_.find(id);
            return found == parts_.end() ? nullptr : &found->second->ref;
        };
        return restore_multipart(blob.ref, options_.read(blob.ref), find, why);
    }

    Result<void> put_object(const BlobIdentity& identity, const RestoredObject& object) {
        ++report_.objects;
        if (!object.manifests.empty()) ++report_.multipart_objects;
        const auto key = std::string_view(identity.row_key).substr(1);
        std::uint32_t chunk = 0;
        for (const auto& manifest : object.manifests) {
            for (const auto& part : manifest.parts())
                if (part.body().has_blob()) used_parts_.insert(from_record(part.body().blob()).id);
            auto put =
                options_.put(identity.partition, {RowFamily::body, manifest_row(key, chunk++)},
                             manifest.SerializeAsString());
            if (!put) return put;
        }
        return options_.put(identity.partition, {RowFamily::index, identity.row_key},
                            object.record.SerializeAsString());
    }

    Result<void> put_garbage() {
        for (const auto& [partition, blobs] : garbage_) {
            for (std::size_t begin = 0; begin < blobs.size(); begin += blobs_per_garbage_row) {
                records::Garbage garbage;
                const auto end = std::min(begin + blobs_per_garbage_row, blobs.size());
                for (auto i = begin; i < end; ++i) to_record(blobs[i], garbage.add_blobs());
                auto put = options_.put(partition, {RowFamily::index, garbage_row(blobs[begin])},
                                        garbage.SerializeAsString());
                if (!put) return put;
            }
        }
        return {};
    }

    void problem(std::string_view bucket, std::string_view key, std::string_view what) {
        report_.problems.push_back(printable_name(bucket, key) + ": " + std::string(what));
    }

    const std::vector<BlobInSegments>& blobs_;
    const RebuildOptions& options_;
    RebuildReport report_;
    std::map<Partition, std::string> names_;
    std::map<BlobId, const BlobInSegments*> parts_;
    std::set<BlobId> used_parts_;
    std::set<std::pair<Partition, std::string>> restored_;
    std::set<std::pair<Partition, std::string>> lost_;
    std::map<Partition, std::vector<BlobRef>> garbage_;
};

}  // namespace

Result<RebuildReport> rebuild_rows(const std::vector<BlobInSegments>& latest_first,
                                   const RebuildOptions& options) {
    return Rebuilding(latest_first, options).run();
}

std::string printable_name(std::string_view bucket, std::string_view key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name(bucket);
    name.push_back('/');
    for (const char character : key) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte > 0x20 && byte < 0x7f && character != '\\') {
            name.push_back(character);
        } else {
            name.append("\\x");
            name.push_back(digits[byte >> 4]);
            name.push_back(digits[byte & 15]);
        }
    }
    return name;
}

}  // namespace holdfast::storage::catalog
