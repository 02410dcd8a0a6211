#include "storage/local/wal_continuity.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/failpoint.h"

namespace holdfast::storage::local {

namespace {

// The head of a batch as RocksDB writes it to its log.
constexpr std::size_t batch_count_offset = 8;
constexpr std::size_t batch_head_bytes = 12;

/// The log data of a batch; of a batch that RocksDB merged from several, all of them.
class LogDataReader final : public rocksdb::WriteBatch::Handler {
public:
    std::vector<CommitRange> ranges;

    void LogData(const rocksdb::Slice& data) override {
        if (const auto range = parse_commit_range(data.ToStringView())) ranges.push_back(*range);
    }
    rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteRangeCF(std::uint32_t, const rocksdb::Slice&,
                                  const rocksdb::Slice&) override {
        return rocksdb::Status::OK();
    }
};

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

WalContinuity::WalProcessingOption WalContinuity::LogRecordFound(unsigned long long,
                                                                 const std::string& log_file_name,
                                                                 const rocksdb::WriteBatch& batch,
                                                                 rocksdb::WriteBatch*, bool*) {
    if (HF_FAILPOINT("recovery.replay") != base::Injected::none)
        return WalProcessingOption::kCorruptedRecord;
    const std::string file = file_name(log_file_name);
    LogDataReader reader;
    // What cannot be read here cannot be replayed either: RocksDB says so itself.
    static_cast<void>(batch.Iterate(&reader));
    for (const auto& range : reader.ranges) note_commits(range, file);
    note_sequence(batch, file);
    return mode_ == Mode::look ? WalProcessingOption::kIgnoreCurrentRecord
                               : WalProcessingOption::kContinueProcessing;
}

CommitGap WalContinuity::gap_behind(RowVersion flushed) const {
    if (!seen_ || seen_->first <= flushed + 1) return gap_;
    CommitGap gap = gap_;
    gap.missing += seen_->first - flushed - 1;
    gap.text = fmt::format("commits {} to {} are missing between the tables and the log",
                           flushed + 1, seen_->first - 1);
    return gap;
}

void WalContinuity::note_commits(CommitRange range, const std::string& file) {
    if (!seen_) {
        seen_ = range;
        return;
    }
    if (range.first > seen_->last + 1)
        note_gap(range.first - seen_->last - 1,
                 fmt::format("commits {} to {} are missing in {}", seen_->last + 1, range.first - 1,
                             file));
    else if (range.first <= seen_->last)
        note_gap(0, fmt::format("commit {} comes twice in {}", range.first, file));
    seen_->last = std::max(seen_->last, range.last);
}

void WalContinuity::note_sequence(const rocksdb::WriteBatch& batch, const std::string& file) {
    const auto head = base::as_bytes(batch.Data());
    if (head.size() < batch_head_bytes) return;
    const auto sequence = base::load_le64(head);
    if (next_sequence_ && sequence != *next_sequence_)
        note_gap(0,
                 fmt::format("sequence {} follows {} in {}", sequence, *next_sequence_ - 1, file));
    next_sequence_ = sequence + base::load_le32(head.subspan(batch_count_offset));
}

void WalContinuity::note_gap(std::uint64_t missing, const std::string& text) {
    gap_.missing += missing;
    if (gap_.text.empty()) gap_.text = text;
}

}  // namespace holdfast::storage::local
