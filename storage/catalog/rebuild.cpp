#include "storage/catalog/rebuild.h"

#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>

#include "model/names.h"
#include "storage/catalog/restored_object.h"

namespace holdfast::storage::catalog {

namespace {

constexpr std::size_t bucket_id_digits = 16;

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

/// The blobs of one row, the latest first.
using RowName = std::pair<Partition, std::string>;

class Rebuilding {
public:
    Rebuilding(const std::vector<BlobInSegments>& blobs, const RebuildOptions& options)
        : blobs_(blobs), options_(options), parts_(options.look) {}

    Result<RebuildReport> run() {
        name_buckets();
        for (const auto& [partition, name] : names_)
            if (auto put = put_bucket(partition, name); !put) return std::move(put).error();
        for (const auto& blob : blobs_) sort_in(blob);
        for (const auto& [row, blobs] : rows_)
            if (auto done = restore_row(row, blobs); !done) return std::move(done).error();
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

    void sort_in(const BlobInSegments& blob) {
        const auto& identity = blob.identity;
        if (blob.kind == BlobKind::part)
            parts_.add(blob);
        else if (names_.count(identity.partition) == 0)
            return;
        else if (is_object_row(identity.row_key))
            rows_[{identity.partition, identity.row_key}].push_back(&blob);
        else
            problem({identity.partition, ' ' + identity.row_key}, "its blob names no object");
    }

    Result<void> restore_row(const RowName& row, const BlobList& blobs) {
        std::set<BlobId> never_written;
        for (std::size_t i = 0; i < blobs.size(); ++i) {
            if (never_written.count(blobs[i]->ref.id) > 0) continue;
            const auto found = look_at_copies(blobs, i, options_.look);
            if (found.look.state != BlobLook::State::never_written)
                return restore_blob(row, found, older_than(blobs, i));
            never_written.insert(blobs[i]->ref.id);
            problem(row, "a blob of it was never written to its end and is left out: " +
                             found.look.what);
        }
        return {};
    }

    /// Other blobs than copies of that one.
    static std::size_t older_than(const BlobList& blobs, std::size_t chosen) {
        std::set<BlobId> older;
        for (auto i = chosen + 1; i < blobs.size(); ++i) older.insert(blobs[i]->ref.id);
        older.erase(blobs[chosen]->ref.id);
        return older.size();
    }

    Result<void> restore_blob(const RowName& row, const LookedAt& found, std::size_t older) {
        report_.replaced += older;
        const std::string aside =
            older == 0 ? ""
                       : fmt::format("; {} older blobs of it are kept for gc.quarantine", older);
        std::string why;
        const auto object = restore(found, why);
        if (!object) {
            problem(row, why + aside);
            return {};
        }
        if (found.look.state == BlobLook::State::damaged)
            problem(row, "it is damaged: " + found.look.what + aside);
        for (const auto& damage : object->damage) problem(row, damage);
        return put_object(row, *object);
    }

    std::optional<RestoredObject> restore(const LookedAt& found, std::string& why) {
        const auto& blob = *found.blob;
        if (blob.kind == BlobKind::object)
            return restore_object(blob.ref, blob.identity.record, why);
        return restore_multipart(blob.ref, options_.read(blob.ref), parts_, why);
    }

    Result<void> put_object(const RowName& row, const RestoredObject& object) {
        ++report_.objects;
        if (!object.manifests.empty()) ++report_.multipart_objects;
        const auto& [partition, name] = row;
        std::uint32_t chunk = 0;
        for (const auto& manifest : object.manifests) {
            for (const auto& part : manifest.parts())
                if (part.body().has_blob()) used_parts_.insert(from_record(part.body().blob()).id);
            const auto key = manifest_row(std::string_view(name).substr(1), chunk++);
            auto put =
                options_.put(partition, {RowFamily::body, key}, manifest.SerializeAsString());
            if (!put) return put;
        }
        return options_.put(partition, {RowFamily::index, name}, object.record.SerializeAsString());
    }

    /// A row's first character is its kind, and no part of the key.
    void problem(const RowName& row, const std::string& what) {
        const auto& [partition, name] = row;
        report_.problems.push_back(
            printable_name(names_.at(partition), std::string_view(name).substr(1)) + ": " + what);
    }

    const std::vector<BlobInSegments>& blobs_;
    const RebuildOptions& options_;
    RebuildReport report_;
    std::map<Partition, std::string> names_;
    std::map<RowName, BlobList> rows_;
    PartBlobs parts_;
    std::set<BlobId> used_parts_;
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
