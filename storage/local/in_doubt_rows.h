/// The rows of a write that failed: they may be as before, or as the write wanted them, and only
/// the next opening of the index, which replays the log, decides which. Until then nobody may see
/// either state, because it could change afterwards (P5).
///
/// threads: add one; the rest any. source: spec durability 1 (P5), 2.4.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "storage/metadata_store.h"

namespace holdfast::storage::local {

class InDoubtRows {
public:
    /// Without memory for it: every row is, for none may be missing.
    void add(const Partition& partition, const Transaction& transaction);
    [[nodiscard]] bool any() const { return any_.load(std::memory_order_acquire); }
    [[nodiscard]] bool touches(const Partition& partition, const std::vector<RowKey>& keys) const;
    /// Rows of family index.
    [[nodiscard]] bool touches(const Partition& partition, const ScanRange& range) const;

private:
    /// Keys as they are in the database.
    struct Range {
        RowFamily family = RowFamily::index;
        std::string begin;
        std::string end;
    };
    void add_rows(const Partition& partition, const Transaction& transaction);
    void add(RowFamily family, std::string begin, std::string end);
    [[nodiscard]] bool overlaps(RowFamily family, const std::string& begin,
                                const std::string& end) const;

    std::atomic<bool> any_ = false;
    mutable std::mutex mutex_;
    std::vector<Range> ranges_;  ///< under mutex_
    bool all_ = false;           ///< under mutex_; the ranges are not known
};

}  // namespace holdfast::storage::local
