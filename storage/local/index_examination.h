/// Looks at an index before anything may change it: what is flushed, what the log holds, and
/// whether acknowledged commits are missing.
///
/// Everything is read through a handle that writes nothing; so damage is found, told and left as it
/// is. RocksDB's own opening deletes the log files behind a record it cannot read.
///
/// threads: one; blocks. source: spec durability 2.4, 2.6.
#pragma once

#include <cstdint>
#include <string>

#include "storage/local/row_database.h"

namespace holdfast::storage::local {

/// Acknowledged commits that an index does not have.
struct CommitLoss {
    std::uint64_t missing = 0;
    std::string text;  ///< for people; empty: nothing is missing
    [[nodiscard]] bool any() const { return !text.empty(); }
    /// Something else that is missing, or may be.
    void add(const std::string& what) {
        if (any()) text += "; ";
        text += what;
    }
};

struct IndexExamination {
    RowVersion commit_no = 0;  ///< the last commit that an opening brings back
    CommitLoss loss;
    /// Why the index' own rows cannot be read, and so nothing is known of a loss; empty: they can.
    std::string damage;
    /// How it opens at all: with anything but ends_replay there is a loss.
    RowDatabaseOptions::DamagedLog damaged_log = RowDatabaseOptions::DamagedLog::ends_replay;
};

/// `acked`: up to which number commits are known to have been acknowledged. REQUIRES: nobody has
/// the index open for writing. errors: as RowDatabase::open().
base::Expected<IndexExamination, OpenError> examine_index(const RowDatabaseOptions& options,
                                                          RowVersion acked);

}  // namespace holdfast::storage::local
