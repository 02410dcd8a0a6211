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
    if (!loss.text.empty()) loss.text += "; ";
    loss.text += fmt::format("the index ends at commit {}, acknowledged were {}", commit_no, acked);
    return loss;
}

/// The last commit that the handle sees; the filter has seen the log when it returns.
Expected<RowVersion, OpenError> read(RowDatabaseOptions options, WalContinuity& log) {
    options.access = RowDatabaseOptions::Access::read;
    options.wal_filter = &log;
    const auto database = RowDatabase::open(options);
    if (!database) return database.error();
    return (*database)->commit_no();
}

}  // namespace

Expected<IndexExamination, OpenError> examine_index(const RowDatabaseOptions& options,
                                                    RowVersion acked) {
    WalContinuity log(WalContinuity::Mode::look);
    const auto flushed = read(options, log);
    if (!flushed) return flushed.error();
    IndexExamination found;
    found.commit_no = std::max(*flushed, log.seen() ? log.seen()->last : 0);
    found.loss = loss_of(found.commit_no, log.gap_behind(*flushed), acked);
    if (!found.loss.any()) return found;
    // Behind a record that it cannot read, RocksDB goes on when the next file continues what it has
    // replayed, and when nothing is replayed it cannot tell. So a loss is one only if a replay has
    // it as well.
    WalContinuity replayed(WalContinuity::Mode::replay);
    const auto commit_no = read(options, replayed);
    if (!commit_no) return commit_no.error();
    found.commit_no = *commit_no;
    found.loss = loss_of(*commit_no, replayed.gap_behind(*flushed), acked);
    return found;
}

}  // namespace holdfast::storage::local
