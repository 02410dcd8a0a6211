/// What every part of the catalog works on, and how it says what went wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/blob_store.h"
#include "storage/catalog/records.pb.h"
#include "storage/catalog/row_keys.h"
#include "storage/catalog/row_locks.h"
#include "storage/crypto/keyring.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::catalog {

struct CatalogError {
    enum class Kind {
        storage,         ///< `storage` says what
        no_such_bucket,  ///< also: it was deleted while the request ran
        bucket_exists,
        bucket_not_empty,
        no_such_key,
        no_such_upload,  ///< never made, of another key, or it ended
        refused,         ///< the caller's own check said no; nothing was changed
    };
    Kind kind = Kind::storage;
    StorageError storage;

    CatalogError(Kind k) : kind(k) {}
    CatalogError(StorageError error) : kind(Kind::storage), storage(std::move(error)) {}
};

template <class T>
using Outcome = base::Awaitable<base::Expected<T, CatalogError>>;

/// Blobs that lost their last reference, waiting for the reclaimer. The rows say the same durably;
/// this list only saves looking for them, so it may forget what it has no room for. threads: any.
class GarbageList {
public:
    /// Some 30 MB of blobs with one extent each.
    static constexpr std::size_t default_blobs_max = 100'000;

    explicit GarbageList(std::size_t blobs_max = default_blobs_max) : blobs_max_(blobs_max) {}

    struct Item {
        Partition partition;
        std::string row;
        std::vector<BlobRef> blobs;
    };
    /// Forgets the item when the list would hold more than its maximum of blobs.
    void add(Item item);
    std::vector<Item> take();
    /// Whether an item was forgotten since the last call: only a sweep of the rows finds it.
    bool take_overflow();

private:
    const std::size_t blobs_max_;
    std::mutex mutex_;
    std::vector<Item> items_;
    std::size_t blobs_ = 0;  ///< of all items
    bool overflow_ = false;
};

/// threads: any, as its members.
struct Store {
    MetadataStore& metadata;
    BlobStore& blobs;
    crypto::Keyring& keyring;
    const base::Clock& clock;
    base::Random& random;
    GarbageList& garbage;
    std::uint64_t inline_bytes_max = 16 * 1024;  ///< larger bodies go to blobs; at most one frame
    std::chrono::milliseconds list_time_slice{200};  ///< after which a page of a listing ends
    RowLocks row_locks{};
};

/// How often a commit that lost a race is tried again before the client hears "unavailable".
inline constexpr int commit_attempts_max = 64;

BlobRef from_record(const records::BlobRef& record);
void to_record(const BlobRef& ref, records::BlobRef* record);

/// What a wrapped key is bound to.
std::string key_context(std::string_view bucket_id, std::string_view key);

/// A row's value as a message; damage when it does not parse.
template <class Record>
Result<Record> parse_record(const Row& row) {
    Record record;
    if (!record.ParseFromString(row.value))
        return StorageError{StorageError::Kind::corrupt, "a row does not parse"};
    return record;
}

}  // namespace holdfast::storage::catalog
