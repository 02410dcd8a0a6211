/// Which stored bytes are known to be damaged: met by reads, or found by a scrub. Nothing is ever
/// repaired or removed because it is listed (P11).
///
/// Bounded: what does not fit is counted, and found again by the next scrub. threads: any.
/// source: spec durability 2.5 ("blob listed as damaged").
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/blob_store.h"
#include "storage/metadata_store.h"

namespace holdfast::storage {

struct Damage {
    BlobRef blob;
    std::string file;        ///< of the index, when it is no blob that is damaged
    Partition partition;     ///< of the row that refers to the blob; empty: not known yet
    std::string row_key;     ///< in family index
    std::string bucket;      ///< its name; empty: not known yet
    std::uint32_t part = 0;  ///< of a multipart object, or of an upload; 0: none
    std::string what;        ///< one line
    base::WallTime first_seen{};
    base::WallTime last_seen{};
};

class DamageList {
public:
    static constexpr std::size_t entries_max = 10'000;

    explicit DamageList(const base::Clock& clock) : clock_(clock) {}

    /// A read met it: who refers to the blob is not known here.
    void note(const BlobRef& blob, std::string what);
    /// The scrub found it, or says who refers to what a read met.
    void note(Damage damage);
    /// It is gone, or whole again (a replaced disk).
    void forget(const BlobId& blob);
    void forget_file(const std::string& file);

    [[nodiscard]] std::vector<Damage> all() const;
    [[nodiscard]] std::size_t size() const;
    /// Goes up with every change, for who keeps a copy.
    [[nodiscard]] std::uint64_t changes() const;

private:
    void put(const std::string& name, Damage damage);

    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Damage> entries_;  ///< by blob id in hexadecimal, or file
    std::uint64_t changes_ = 0;
};

}  // namespace holdfast::storage
