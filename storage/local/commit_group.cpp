#include "storage/local/commit_group.h"

#include "base/assert.h"

namespace holdfast::storage::local {

namespace {

StorageError corrupt_row() {
    return StorageError{StorageError::Kind::corrupt, "a stored row has no version"};
}

/// A batch in memory fails for lack of memory only, which throws before.
void must_succeed(const rocksdb::Status& status) {
    HF_ASSERT(status.ok());
}

}  // namespace

CommitGroup::CommitGroup(const RowDatabase& database, RowVersion last)
    : database_(database), first_(last + 1), last_(last), batch_(0, 0, 8, 0) {}

Result<RowVersion> CommitGroup::add(const Partition& partition, const Transaction& transaction) {
    if (auto holds = check(partition, transaction); !holds) return std::move(holds).error();
    auto ranges = find_ranges(partition, transaction);
    if (!ranges) return std::move(ranges).error();
    ++last_;
    for (auto& range : *ranges) apply(std::move(range));
    for (const auto& row : transaction.deletes)
        apply_delete(row.family, disk_key(partition, row.key));
    for (const auto& put : transaction.puts) apply_put(partition, put);
    return last_;
}

void CommitGroup::seal() {
    HF_ASSERT(!empty());
    must_succeed(batch_.Put(database_.meta(), commit_no_key, encode_commit_number(last_)));
    must_succeed(batch_.PutLogData(encode_commit_range(CommitRange{first_, last_})));
}

Result<RowVersion> CommitGroup::current_version(const std::string& key) const {
    const auto& rows = overlays_[static_cast<std::size_t>(RowFamily::index)];
    if (const auto found = rows.find(key); found != rows.end()) return found->second;
    for (const auto& range : tombstones_)
        if (range.family == RowFamily::index && range.begin <= key && key < range.end)
            return RowVersion{0};
    rocksdb::PinnableSlice stored;
    const auto status = database_.db().Get(rocksdb::ReadOptions(),
                                           database_.family(RowFamily::index), key, &stored);
    if (status.IsNotFound()) return RowVersion{0};
    if (!status.ok()) return read_failed(to_storage_error(status));
    const auto row = parse_disk_value(stored.ToStringView());
    if (!row) return read_failed(corrupt_row());
    return row->version;
}

StorageError CommitGroup::read_failed(StorageError failure) const {
    database_.note_read_failure(failure);
    return failure;
}

Result<void> CommitGroup::check(const Partition& partition, const Transaction& transaction) const {
    for (const auto& expectation : transaction.expectations) {
        const auto version = current_version(disk_key(partition, expectation.key));
        if (!version) return version.error();
        if (*version != expectation.version)
            return StorageError{StorageError::Kind::conflict,
                                "expected version " + std::to_string(expectation.version) +
                                    ", found " + std::to_string(*version)};
    }
    return {};
}

Result<std::vector<CommitGroup::Range>> CommitGroup::find_ranges(
    const Partition& partition, const Transaction& transaction) const {
    std::vector<Range> ranges;
    for (const auto& wanted : transaction.range_deletes) {
        if (wanted.end <= wanted.begin) continue;
        Range range{wanted.family,
                    disk_key(partition, wanted.begin),
                    disk_key(partition, wanted.end),
                    false,
                    {}};
        const rocksdb::Slice end(range.end);
        rocksdb::ReadOptions options;
        options.iterate_upper_bound = &end;
        const std::unique_ptr<rocksdb::Iterator> row(
            database_.db().NewIterator(options, database_.family(range.family)));
        for (row->Seek(range.begin); row->Valid(); row->Next()) {
            range.as_tombstone = range.stored_keys.size() == point_deletes_max;
            if (range.as_tombstone) break;
            range.stored_keys.push_back(row->key().ToString());
        }
        if (!row->status().ok()) return read_failed(to_storage_error(row->status()));
        ranges.push_back(std::move(range));
    }
    return ranges;
}

void CommitGroup::apply(Range range) {
    auto& rows = overlay(range.family);
    // What the group itself put there goes too.
    const auto end = rows.lower_bound(range.end);
    for (auto row = rows.lower_bound(range.begin); row != end; ++row) {
        if (row->second == 0) continue;
        row->second = 0;
        if (!range.as_tombstone)
            must_succeed(batch_.Delete(database_.family(range.family), row->first));
    }
    if (!range.as_tombstone) {
        for (auto& key : range.stored_keys) apply_delete(range.family, std::move(key));
        return;
    }
    must_succeed(batch_.DeleteRange(database_.family(range.family), range.begin, range.end));
    range.stored_keys.clear();
    tombstones_.push_back(std::move(range));
}

void CommitGroup::apply_delete(RowFamily family, std::string key) {
    must_succeed(batch_.Delete(database_.family(family), key));
    overlay(family).insert_or_assign(std::move(key), 0);
}

void CommitGroup::apply_put(const Partition& partition, const Put& put) {
    std::string key = disk_key(partition, put.key.key);
    const std::string version = version_prefix(last_);
    const rocksdb::Slice key_slice(key);
    const std::array<rocksdb::Slice, 2> value{rocksdb::Slice(version), rocksdb::Slice(put.value)};
    must_succeed(batch_.Put(database_.family(put.key.family), rocksdb::SliceParts(&key_slice, 1),
                            rocksdb::SliceParts(value.data(), static_cast<int>(value.size()))));
    overlay(put.key.family).insert_or_assign(std::move(key), last_);
}

}  // namespace holdfast::storage::local
