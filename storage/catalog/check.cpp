#include "storage/catalog/check.h"

#include "storage/catalog/completion_blob.h"
#include "storage/catalog/rebuild.h"
#include "storage/crypto/frames.h"

namespace holdfast::storage::catalog {

namespace {

constexpr std::uint32_t rows_per_page = 256;

std::string_view key_of_upload_row(std::string_view row) {
    const auto rest = row.substr(1);
    return rest.substr(0, rest.find('\0'));
}

}  // namespace

Async<CheckReport> Check::run() {
    auto named = co_await read_bucket_names();
    if (!named) co_return std::move(named).error();
    auto checked = co_await check_rows();
    if (!checked) co_return std::move(checked).error();
    auto segments = co_await upkeep_.segments();
    if (!segments) co_return std::move(segments).error();
    for (const auto& segment : *segments) {
        auto scanned = co_await check_segment(segment);
        if (!scanned)
            problem("segment " + std::to_string(segment.number) + ": " + scanned.error().detail);
    }
    co_return std::move(report_);
}

/// Before the rows of the buckets, which come first, so that problems can be told by name.
Async<void> Check::read_bucket_names() {
    RowPosition before_system;
    before_system.partition = system_partition;
    auto snapshot = co_await upkeep_.snapshot(before_system);
    if (!snapshot) co_return std::move(snapshot).error();
    for (;;) {
        auto entries = co_await (*snapshot)->next(rows_per_page);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) co_return Result<void>{};
        for (const auto& entry : *entries) {
            records::Bucket bucket;
            if (entry.partition == system_partition && entry.row.key.starts_with('n') &&
                bucket.ParseFromString(entry.row.value))
                bucket_names_[bucket_partition(bucket.id())] = bucket.name();
        }
    }
}

Async<void> Check::check_rows() {
    RowPosition first;
    auto snapshot = co_await upkeep_.snapshot(first);
    if (!snapshot) co_return std::move(snapshot).error();
    for (;;) {
        auto entries = co_await (*snapshot)->next(rows_per_page);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) co_return Result<void>{};
        for (const auto& entry : *entries) {
            ++report_.rows;
            auto checked = co_await check_row(**snapshot, entry);
            if (!checked) co_return std::move(checked).error();
        }
    }
}

Async<void> Check::check_row(RowSnapshot& snapshot, const RowSnapshot::Entry& entry) {
    const auto& row = entry.row;
    Owner owner;
    owner.bucket = entry.partition;
    if (const auto named = bucket_names_.find(entry.partition); named != bucket_names_.end())
        owner.bucket = named->second;
    owner.key = row.key;
    const char kind = row.key.empty() ? '\0' : row.key.front();
    if (entry.partition == system_partition) {
        records::Bucket bucket;
        if (kind == 'n') ++report_.buckets;
        const bool known = kind == 'd' || (kind == 'n' && bucket.ParseFromString(row.value));
        if (!known) problem(owner, "the row does not parse");
        co_return Result<void>{};
    }
    if (kind == 'o') co_return co_await check_object(snapshot, entry);
    if (kind == 'p') {
        ++report_.parts;
        records::Part part;
        owner.key = key_of_upload_row(row.key);
        owner.row = row.key;
        owner.part = part.ParseFromString(row.value) ? part.number() : 0;
        if (owner.part == 0) {
            problem(owner, "a part's row does not parse");
            co_return Result<void>{};
        }
        co_return co_await check_body(part.body(), owner);
    }
    if (kind == 'g') {
        records::Garbage garbage;
        if (!garbage.ParseFromString(row.value)) problem(owner, "a garbage row does not parse");
        for (const auto& blob : garbage.blobs())
            for (const auto& extent : blob.extents())
                extents_.emplace(std::make_pair(extent.segment(), extent.offset()), true);
        co_return Result<void>{};
    }
    records::Upload upload;
    records::Ended ended;
    records::BucketState state;
    if (kind == 'u') ++report_.uploads;
    const bool known = (kind == 'u' && upload.ParseFromString(row.value)) || kind == 't' ||
                       (kind == 'm' && ended.ParseFromString(row.value)) ||
                       (kind == 'B' && state.ParseFromString(row.value));
    if (!known) problem(owner, "the row does not parse");
    co_return Result<void>{};
}

Async<void> Check::check_object(RowSnapshot& snapshot, const RowSnapshot::Entry& entry) {
    ++report_.objects;
    Owner owner;
    owner.bucket = entry.partition;
    if (const auto named = bucket_names_.find(entry.partition); named != bucket_names_.end())
        owner.bucket = named->second;
    owner.row = entry.row.key;
    owner.key = entry.row.key.substr(1);
    records::Object object;
    if (!object.ParseFromString(entry.row.value)) {
        problem(owner, "its record does not parse");
        co_return Result<void>{};
    }
    if (object.manifest_size() > 0) {
        if (object.has_completion()) {
            auto checked = co_await check_blob(from_record(object.completion().blob()), owner);
            if (!checked) co_return checked;
        } else {
            problem(owner, "it has no completion: it could not be restored from the segments");
        }
        co_return co_await check_manifests(snapshot, entry, object, owner);
    }
    if (object.body().plain_bytes() != object.size())
        problem(owner, "its record says two different sizes");
    if (object.body().has_blob() || object.body().plain_bytes() == 0)
        co_return co_await check_body(object.body(), owner);
    ++report_.inline_bodies;
    std::vector<std::string> keys{entry.row.key};
    auto bodies = co_await snapshot.bodies(entry.partition, std::move(keys));
    if (!bodies) {
        problem(owner, "its content cannot be read: " + bodies.error().detail);
        co_return Result<void>{};
    }
    if (!bodies->front())
        problem(owner, "its content is missing");
    else if (bodies->front()->value.size() != crypto::stored_bytes(object.size()))
        problem(owner, "its content has another size than its record says");
    co_return Result<void>{};
}

Async<void> Check::check_manifests(RowSnapshot& snapshot, const RowSnapshot::Entry& entry,
                                   const records::Object& object, const Owner& owner) {
    std::vector<std::string> keys;
    for (int chunk = 0; chunk < object.manifest_size(); ++chunk)
        keys.push_back(manifest_row(owner.key, static_cast<std::uint32_t>(chunk)));
    auto rows = co_await snapshot.bodies(entry.partition, std::move(keys));
    if (!rows) {
        problem(owner, "its manifest cannot be read: " + rows.error().detail);
        co_return Result<void>{};
    }
    std::uint64_t size = 0;
    for (const auto& row : *rows) {
        records::Manifest manifest;
        const bool whole = row && manifest.ParseFromString(row->value) &&
                           manifest.manifest_id() == object.manifest_id();
        if (!whole) {
            problem(owner, row ? "a row of its manifest is damaged or of another object"
                               : "a row of its manifest is missing");
            continue;
        }
        for (const auto& part : manifest.parts()) {
            size += part.body().plain_bytes();
            Owner of_part = owner;
            of_part.part = part.number();
            of_part.row = part_row(owner.key, object.manifest_id(), part.number());
            auto checked = co_await check_body(part.body(), std::move(of_part));
            if (!checked) co_return checked;
        }
    }
    if (size != object.size()) problem(owner, "its parts together are not as long as it is");
    co_return Result<void>{};
}

Async<void> Check::check_body(const records::Body& body, Owner owner) {
    if (!body.has_blob()) {
        if (body.plain_bytes() != 0) problem(owner, "its record names no blob");
        co_return Result<void>{};
    }
    const auto blob = from_record(body.blob());
    if (blob.stored_bytes != crypto::stored_bytes(body.plain_bytes()))
        problem(owner, "its blob has another size than its record says");
    co_return co_await check_blob(blob, std::move(owner));
}

Async<void> Check::check_blob(const BlobRef& blob, Owner owner) {
    ++report_.blobs;
    for (std::size_t number = 0; number < blob.extents.size(); ++number) {
        const auto& extent = blob.extents[number];
        const auto place = std::make_pair(extent.segment, extent.offset);
        if (!extents_.emplace(place, false).second)
            problem(owner, "another row refers to its blob as well");
        auto checked = co_await upkeep_.check(blob, number);
        if (!checked) co_return std::move(checked).error();
        if (!checked->damage.empty())
            problem(owner, checked->damage);
        else if (checked->identity && checked->identity->row_key != owner.row)
            problem(owner, "its blob was written for another object");
    }
    co_return Result<void>{};
}

Async<void> Check::check_segment(const SegmentInfo& segment) {
    ++report_.segments;
    report_.segment_bytes += segment.size_bytes;
    for (std::uint64_t from = 0;;) {
        auto page = co_await upkeep_.scan(segment.number, from);
        if (!page) co_return std::move(page).error();
        for (const auto& piece : page->pieces) count(piece);
        if (page->end) co_return Result<void>{};
        from = page->next_offset;
    }
}

void Check::count(const SegmentPiece& piece) {
    using Kind = SegmentPiece::Kind;
    if (piece.kind == Kind::hole) {
        report_.free_bytes += piece.bytes;
        return;
    }
    const auto named = extents_.find({piece.extent.segment, piece.extent.offset});
    if (named != extents_.end())
        (named->second ? report_.queued_bytes : report_.live_bytes) += piece.bytes;
    else if (piece.kind == Kind::whole)
        report_.orphan_bytes += piece.bytes;
    else if (piece.kind == Kind::unfinished || piece.kind == Kind::damaged)
        report_.unfinished_bytes += piece.bytes;
    else
        report_.unknown_bytes += piece.bytes;
}

void Check::problem(const Owner& owner, const std::string& what) {
    auto line = printable_name(owner.bucket, owner.key);
    if (owner.part != 0) line += " part " + std::to_string(owner.part);
    problem(line + ": " + what);
}

void Check::problem(std::string line) {
    ++report_.problems_found;
    if (report_.problems.size() < CheckReport::problems_max)
        report_.problems.push_back(std::move(line));
}

}  // namespace holdfast::storage::catalog
