/// Buckets: names in the system partition, and a state row in each bucket's own partition that
/// every write to the bucket expects unchanged. Bucket records are few and asked for by every
/// request, so they are kept in memory. threads: any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

using BucketPtr = std::shared_ptr<const records::Bucket>;

struct BucketPage {
    std::vector<records::Bucket> buckets;  ///< in name order
    bool more = false;
};

class Buckets {
public:
    explicit Buckets(Store& store) : store_(store) {}

    /// Null when there is none.
    Outcome<BucketPtr> find(std::string_view name);
    /// Bucket id and creation time are set here. errors: bucket_exists.
    Outcome<BucketPtr> create(records::Bucket bucket);
    /// Unfinished uploads go with it (RACE-09). A bucket that has objects hears nothing of it;
    /// while one that looked empty is decided on, its writers wait. errors: bucket_not_empty,
    /// no_such_bucket.
    Outcome<void> remove(BucketPtr bucket);
    /// Names that begin with `prefix`, after `after`.
    Outcome<BucketPage> list(std::string prefix, std::string after, std::uint32_t limit);

    /// Ends what a crash interrupted: buckets marked "deleting" whose name is still there are open
    /// again. Call once, before serving.
    Outcome<void> recover();
    /// Gives back what deleted buckets still have of rows and blobs; the reclaimer's work. How many
    /// blobs. A bucket that fails stays for the next time, the others go on: then the first failure
    /// is returned.
    Outcome<std::size_t> purge_deleted();

private:
    BucketPtr cached(std::string_view name, std::uint64_t* generation);
    void remember(const BucketPtr& bucket, std::uint64_t generation);
    void forget(const std::string& name);
    Outcome<RowVersion> set_deleting(const std::string& bucket_id, bool deleting);
    Outcome<bool> has_objects(const std::string& bucket_id);
    Outcome<void> remove_name(const records::Bucket& bucket);
    Outcome<void> remove_state(const std::string& bucket_id);
    Outcome<std::size_t> purge(const std::string& bucket_id);
    Outcome<std::size_t> release_blobs_of(const Partition& partition, char kind);

    Store& store_;
    std::shared_mutex mutex_;
    std::map<std::string, BucketPtr, std::less<>> cache_;
    std::uint64_t generation_ =
        0;  ///< counts removals: a find that raced with one is not remembered
};

}  // namespace holdfast::storage::catalog
