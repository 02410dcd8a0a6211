#include "storage/local/index_examination.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/local/wal_continuity.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;

CommitLoss loss_of(RowVersion commit_no, const CommitGap& gap, RowVersion acked) {
    CommitLoss loss{gap.missing, gap.text};
    if (commit_no >= acked) return loss;
    loss.missing += acked - commit_no;
    loss.add(fmt::format("the index ends at commit {}, acknowledged were {}", commit_no, acked));
    return loss;
}

using DamagedLog = RowDatabaseOptions::DamagedLog;

struct Opening {
    RowVersion commit_no = 0;  ///< the last commit that the handle sees
    std::string meta_damage;
};

/// The filter has seen the log when it returns.
Expected<Opening, OpenError> open_once(RowDatabaseOptions options, WalContinuity& log) {
    options.access = RowDatabaseOptions::Access::read;
    options.wal_filter = &log;
    const auto database = RowDatabase::open(options);
    if (!database) return database.error();
    return Opening{(*database)->commit_no(), (*database)->meta_damage()};
}

Expected<IndexExamination, OpenError> examine(const RowDatabaseOptions& options, RowVersion acked) {
    WalContinuity log(WalContinuity::Mode::look);
    const auto flushed = open_once(options, log);
    if (!flushed) return flushed.error();
    IndexExamination found;
    found.damaged_log = options.damaged_log;
    if (!flushed->meta_damage.empty()) {
        found.damage = flushed->meta_damage;
        return found;
    }
    const auto tables = flushed->commit_no;
    found.commit_no = std::max(tables, log.seen() ? log.seen()->last : 0);
    found.loss = loss_of(found.commit_no, log.gap_behind(tables), acked);
    if (!found.loss.any()) return found;
    // Behind a record that it cannot read, RocksDB goes on when the next file continues what it has
    // replayed, and when nothing is replayed it cannot tell. So a loss is one only if a replay has
    // it as well.
    WalContinuity replayed(WalContinuity::Mode::replay);
    const auto whole = open_once(options, replayed);
    if (!whole) return whole.error();
    found.commit_no = whole->commit_no;
    found.loss = loss_of(whole->commit_no, replayed.gap_behind(tables), acked);
    return found;
}

}  // namespace

Expected<IndexExamination, OpenError> examine_index(const RowDatabaseOptions& options,
                                                    RowVersion acked) {
    auto found = examine(options, acked);
    if (found || found.error().kind != OpenError::Kind::damaged_index) return found;
    // The families are flushed one by one. When the log is damaged before something that a table
    // has already, RocksDB opens no more; but all that is wrong is that commits are missing.
    auto past_damage = options;
    past_damage.damaged_log = DamagedLog::is_skipped;
    auto lossy = examine(past_damage, acked);
    if (lossy && (lossy->loss.any() || !lossy->damage.empty())) return lossy;
    return found;
}

}  // namespace holdfast::storage::local
