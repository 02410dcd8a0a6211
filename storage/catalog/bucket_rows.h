/// The reading half of every write to a bucket: the state row and the rows to be replaced, from one
/// snapshot, and the expectations that hold them still until the commit.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/dropped_blobs.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct BucketRows {
    RowVersion bucket_version = 0;
    std::vector<std::optional<Row>> rows;  ///< in the order asked
};

/// Patience with a bucket marked "deleting": until DeleteBucket is through, nobody knows whether
/// the bucket goes or stays, so who meets the mark waits a little and reads again.
class DeletionWait {
public:
    /// errors: storage (unavailable) when the mark has stood for about two seconds.
    Outcome<void> wait();

private:
    std::optional<std::chrono::steady_clock::time_point> until_;
};

/// Waits out a DeleteBucket that is under way. errors: no_such_bucket, storage.
Outcome<BucketRows> read_for_write(Store& store, const std::string& bucket_id,
                                   std::vector<std::string> keys);

/// A transaction that expects the bucket unchanged.
Transaction begin_write(const BucketRows& rows);
/// Adds "this row is still as read".
void expect(Transaction& transaction, std::string key, const std::optional<Row>& row);

/// Puts a row. Not written in braces at each place: g++ 12 destroys the key of `{{family, key},
/// value}` twice when making the value throws.
void put_row(Transaction& transaction, RowFamily family, std::string key, std::string value);

/// What became of an attempt.
enum class Attempt { done, again };
/// Commits, with the rows that name `dropped`; `again` on a lost race. When done, the reclaimer
/// hears of them through the store's list.
Outcome<Attempt> try_commit(Store& store, const std::string& bucket_id, Transaction transaction,
                            DroppedBlobs dropped);

/// After too many lost races.
CatalogError contended();

}  // namespace holdfast::storage::catalog
