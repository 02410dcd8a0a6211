/// Proves, while RocksDB replays its log, that no record is missing: commit numbers and batch
/// sequence numbers follow each other without a step.
///
/// RocksDB alone opens "OK" with a hole where a page of the log reads as zeros; the numbers that
/// each batch carries (row_codec.h) show it.
///
/// threads: one at a time. source: spec durability 2.4, 2.6.
#pragma once

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <optional>
#include <string>

#include "storage/local/row_codec.h"

namespace holdfast::storage::local {

/// Commits that are not there although later ones are.
struct CommitGap {
    std::uint64_t missing = 0;
    std::string text;  ///< the first gap, for people; empty: there is none
};

class WalContinuity final : public rocksdb::WalFilter {
public:
    enum class Mode {
        look,   ///< nothing is replayed: what was flushed stays visible
        replay  ///< everything is
    };
    explicit WalContinuity(Mode mode) : mode_(mode) {}

    const char* Name() const override { return "holdfast.wal_continuity"; }
    WalProcessingOption LogRecordFound(unsigned long long log_number,
                                       const std::string& log_file_name,
                                       const rocksdb::WriteBatch& batch,
                                       rocksdb::WriteBatch* new_batch,
                                       bool* batch_changed) override;

    /// The commits seen; nothing when the log has none.
    [[nodiscard]] const std::optional<CommitRange>& seen() const { return seen_; }
    /// Gaps among the records seen, and between `flushed`, the last commit that is in the tables,
    /// and the first one seen.
    [[nodiscard]] CommitGap gap_behind(RowVersion flushed) const;

private:
    void note_commits(CommitRange range, const std::string& file);
    void note_sequence(const rocksdb::WriteBatch& batch, const std::string& file);
    void note_gap(std::uint64_t missing, const std::string& text);

    const Mode mode_;
    std::optional<CommitRange> seen_;
    std::optional<std::uint64_t> next_sequence_;
    CommitGap gap_;
};

}  // namespace holdfast::storage::local
