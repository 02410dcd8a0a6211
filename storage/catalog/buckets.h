/// Buckets: names in the system partition, and a state row in each bucket's own partition that
/// every write to the bucket expects unchanged. Bucket records are few and asked for by every
/// request, so they are kept in memory. threads: any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
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

    /// Ends what a crash or a failed write interrupted: a bucket that is marked "deleting", has its
    /// name still, and is not being removed, is open again. Also while requests are served.
    Outcome<void> recover(const records::Bucket& bucket);
    /// Every bucket.
    Outcome<void> recover();
    /// Gives back what deleted buckets still have of rows and blobs; the reclaimer's work. How many
    /// blobs. A bucket that fails stays for the next time, the others go on: then the first failure
    /// is returned.
    Outcome<std::size_t> purge_deleted();

private:
    class Removal;

    BucketPtr cached(std::string_view name, std::uint64_t* generation);
    void remember(const BucketPtr& bucket, std::uint64_t generation);
    void forget(const std::string& name);
    Outcome<void> set_deleting(const std::string& bucket_id, bool deleting,
                               std::optional<Removal>& removal);
    [[nodiscard]] bool is_being_removed(const std::string& bucket_id);
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
    std::multiset<std::string> removed_now_;  ///< ids of buckets whose removal is under way
};

}  // namespace holdfast::storage::catalog
