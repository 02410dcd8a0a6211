/// Transactions merged into one WriteBatch, each one decided as if those before it were done.
///
/// threads: one. source: spec durability 2.3.
#pragma once

#include <rocksdb/write_batch.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "storage/local/row_codec.h"
#include "storage/local/row_database.h"

namespace holdfast::storage::local {

/// Range deletes of up to so many rows become a deletion for each row: every later scan of the
/// family pays for a range tombstone, but only the scans of that range for the others.
inline constexpr std::size_t point_deletes_max = 10'000;

class CommitGroup {
public:
    /// `last` is the number of the last commit that is done.
    CommitGroup(const RowDatabase& database, RowVersion last);

    /// Adds a transaction and returns its commit number. After an error the group is as before.
    /// errors: conflict; corrupt, io when a row it expects cannot be read.
    Result<RowVersion> add(const Partition& partition, const Transaction& transaction);

    [[nodiscard]] std::size_t operations() const { return last_ - first_ + 1; }
    [[nodiscard]] bool empty() const { return last_ < first_; }
    [[nodiscard]] RowVersion last() const { return last_; }
    /// Puts the commit number and the log data into the batch. REQUIRES: !empty(); no add() after
    /// it.
    void seal();
    /// REQUIRES: sealed.
    rocksdb::WriteBatch& batch() { return batch_; }

private:
    struct Range {
        RowFamily family = RowFamily::index;
        std::string begin;
        std::string end;
        bool as_tombstone = false;
        std::vector<std::string> stored_keys;  ///< what the database has there, else
    };
    /// The group's rows by key; version 0 is a deleted one.
    using Overlay = std::map<std::string, RowVersion, std::less<>>;

    Result<RowVersion> current_version(const std::string& key) const;
    [[nodiscard]] StorageError read_failed(StorageError failure) const;
    Result<void> check(const Partition& partition, const Transaction& transaction) const;
    Result<std::vector<Range>> find_ranges(const Partition& partition,
                                           const Transaction& transaction) const;
    void apply(Range range);
    void apply_delete(RowFamily family, std::string key);
    void apply_put(const Partition& partition, const Put& put);
    Overlay& overlay(RowFamily family) { return overlays_[static_cast<std::size_t>(family)]; }

    const RowDatabase& database_;
    const RowVersion first_;
    RowVersion last_;
    rocksdb::WriteBatch batch_;
    std::array<Overlay, 2> overlays_;
    std::vector<Range> tombstones_;
};

}  // namespace holdfast::storage::local
