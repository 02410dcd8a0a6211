/// The index over the life of an engine: examined, opened for writing or for reading only, and
/// opened again after a fault, under running readers.
///
/// Opening for writing follows the order that loses nothing: examine; set the log aside after an
/// unclean stop; make the incarnation durable; open; check that what was seen is there; forget the
/// log that was set aside.
///
/// threads: one at a time; access() any. source: spec durability 2.4 to 2.6.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/vfs.h"
#include "storage/engine_condition.h"
#include "storage/local/ballast.h"
#include "storage/local/highwater.h"
#include "storage/local/index_access.h"
#include "storage/local/index_examination.h"
#include "storage/local/volume.h"
#include "storage/local/wal_aside.h"

namespace holdfast::storage::local {

class IndexKeeper {
public:
    struct Parts {
        base::Vfs& vfs;
        const base::Clock& clock;
        Volume& volume;
        Ballast* ballast = nullptr;
        /// A write failed; called on the committer's thread.
        std::function<void(const std::string& reason, bool out_of_space)> failed;
    };
    /// What the parts refer to outlives it.
    IndexKeeper(const EngineOptions& options, Parts parts);

    IndexAccess& access() { return access_; }
    [[nodiscard]] const WalAside& aside() const { return aside_; }

    /// Of a volume that is new: makes everything and opens it.
    base::Expected<void, OpenError> create();
    /// REQUIRES: the index is closed.
    base::Expected<IndexExamination, OpenError> examine();
    base::Expected<void, OpenError> open_for_reading();
    base::Expected<void, OpenError> open_for_writing(const IndexExamination& found);
    /// Sets the log aside for good; a failure is logged.
    void keep_log();

    /// Closes it and opens it for writing. When that does not work it is open for reading, if that
    /// does. What was lost is told, and then nothing is written.
    struct Reopened {
        std::string failure;  ///< empty: it takes writes
        CommitLoss loss;
        std::string damage;  ///< as IndexExamination::damage
    };
    Reopened reopen();

    /// After a failed write: opened for reading only, which decides what was in doubt. It does
    /// nothing when that was done.
    void settle_in_doubt();

    /// Makes the commits before the call durable, also with Durability::relaxed. Blocks. errors:
    /// read_only when it is not open for writing; io, out_of_space. threads: any.
    Result<void> sync_commits();
    /// As Committer::finish(), then closes. read_only when it was not open for writing.
    Result<RowVersion> finish();

    /// The last commit that was acknowledged: a lower bound that never goes back, also while the
    /// index is closed or open for reading only.
    /// threads: any.
    [[nodiscard]] RowVersion last_commit() const { return acked_; }

    struct Counts {
        std::uint64_t commits = 0;
        std::uint64_t groups = 0;
    };
    /// threads: any.
    [[nodiscard]] Counts counts();

private:
    [[nodiscard]] RowDatabaseOptions database_options() const;
    base::Expected<void, OpenError> start_incarnation();
    base::Expected<void, OpenError> give_up_what_is_missing(const IndexExamination& found,
                                                            RowDatabase& database);
    base::Expected<void, OpenError> open_high_water();
    void set_log_aside_when_unclean();
    void forget_log();
    void open(std::unique_ptr<RowDatabase> database);
    Reopened examine_and_open();
    void open_for_reading_or_give_up();
    void close();

    const EngineOptions options_;
    const Parts parts_;
    WalAside aside_;
    std::unique_ptr<HighWater> high_water_;
    std::atomic<RowVersion> acked_ = 0;  ///< told by every committer before it answers
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> groups_ = 0;
    bool incarnation_started_ = false;
    RowDatabaseOptions::DamagedLog damaged_log_{};  ///< as the last examination found it
    IndexAccess access_;                            ///< last: its committer uses the above
};

}  // namespace holdfast::storage::local
