/// Which stored bytes are known to be damaged: met by reads, or found by a scrub. Nothing is ever
/// repaired or removed because it is listed (P11).
///
/// Bounded: what does not fit is counted and logged, and found again by the next scrub.
/// metrics: holdfast_damaged, holdfast_damaged_not_listed_total. threads: any.
/// source: spec durability 2.5 ("blob listed as damaged").
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "storage/blob_store.h"
#include "storage/metadata_store.h"

namespace holdfast::storage {

struct Damage {
    enum class Kind : std::uint8_t {
        blob,  ///< in a segment
        file,  ///< of the engine's own
        row,   ///< it is there, but cannot be read or contradicts itself
        rows,  ///< those behind row_key, up to the next one that can be read
    };
    Kind kind = Kind::blob;
    BlobRef blob;      ///< of kind blob
    std::string file;  ///< of kind file: below the data directory, or in the index
    Partition
        partition;  ///< of the damaged row, or that which refers to the blob; empty: not known
    RowFamily family = RowFamily::index;  ///< of the damaged row
    std::string row_key;
    std::string bucket;      ///< its name; empty: not known yet
    std::uint32_t part = 0;  ///< of a multipart object, or of an upload; 0: none
    std::string what;        ///< one line
    base::WallTime first_seen{};
    base::WallTime last_seen{};

    [[nodiscard]] bool is_of_rows() const { return kind == Kind::row || kind == Kind::rows; }
};

class DamageList {
public:
    static constexpr std::size_t entries_max = 10'000;

    explicit DamageList(const base::Clock& clock) : clock_(clock) {}

    /// A read met it: who refers to the blob is not known here.
    void note(const BlobRef& blob, std::string what);
    /// A read of a row met it, or the scrub found it.
    void note(Damage damage);
    /// Whose it is, of what a read met: row and bucket. Nothing when it is not listed any more.
    void name(const Damage& damage);
    /// It is gone, or whole again (a replaced disk).
    void forget(const BlobId& blob);
    void forget_file(const std::string& file);
    /// What is listed under the same name, whatever is wrong with it.
    void forget(const Damage& damage);

    /// Single rows that the transaction replaces or deletes: damaged no more once it is committed.
    /// Costs nothing while no row is listed.
    [[nodiscard]] std::vector<Damage> rows_of(const Partition& partition,
                                              const Transaction& transaction) const;

    [[nodiscard]] std::vector<Damage> all() const;
    [[nodiscard]] std::size_t size() const;
    /// How often, since the start, there was no room for what was met.
    [[nodiscard]] std::uint64_t not_listed() const;
    /// Goes up with every change, for who keeps a copy.
    [[nodiscard]] std::uint64_t changes() const;

private:
    /// Blob id in hexadecimal, file, or partition; family and key of a row.
    using Name = std::tuple<Damage::Kind, std::string, RowFamily, std::string>;
    static Name name_of(const Damage& damage);
    void put(Damage damage);
    void refuse(const Damage& damage);
    void forget(const Name& name);
    void count();

    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::map<Name, Damage> entries_;
    std::atomic<std::size_t> rows_ = 0;  ///< single ones among them
    std::uint64_t not_listed_ = 0;
    std::uint64_t changes_ = 0;
};

}  // namespace holdfast::storage
