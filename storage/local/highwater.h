/// The high-water mark: a lower bound of the commits that were acked, beside the database, so that
/// a start notices when acked commits are gone. On-disk format: docs/format/highwater.md.
///
/// threads: one. source: spec durability 2.6.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/vfs.h"
#include "storage/local/engine.h"

namespace holdfast::storage::local {

struct HighWaterSlot {
    std::uint64_t incarnation = 0;
    std::uint64_t commit_no = 0;
};

inline constexpr std::uint64_t high_water_slot_bytes = 4096;
inline constexpr std::size_t high_water_record_bytes = 28;

/// The record at the start of a slot.
using HighWaterRecord = std::array<std::uint8_t, high_water_record_bytes>;
HighWaterRecord encode_high_water_slot(const HighWaterSlot& slot);
std::optional<HighWaterSlot> parse_high_water_slot(base::ByteView record);

class HighWater {
public:
    /// Makes the file with commit number 0 and syncs it (its name is the caller's to sync).
    static base::Expected<std::unique_ptr<HighWater>, OpenError> create(base::Vfs& vfs,
                                                                        const std::string& path);
    /// The same in place of one that is damaged or missing; its name is durable as well.
    static base::Expected<std::unique_ptr<HighWater>, OpenError> make_again(
        base::Vfs& vfs, const std::string& directory, const std::string& path);
    /// errors: damaged (missing, or no slot is whole), io.
    static base::Expected<std::unique_ptr<HighWater>, OpenError> open(base::Vfs& vfs,
                                                                      const std::string& path);
    /// The mark, without touching the file. errors: as open().
    static base::Expected<HighWaterSlot, OpenError> read(base::Vfs& vfs, const std::string& path);

    /// The highest commit number that was found or recorded.
    [[nodiscard]] std::uint64_t commit_no() const { return current_.commit_no; }
    /// Records into the page cache, which survives the process but not the machine. Takes no memory
    /// unless it fails.
    base::IoResult<void> record(const HighWaterSlot& slot);
    /// True when something was recorded since the last sync.
    [[nodiscard]] bool dirty() const { return dirty_; }
    /// After a failure the next one writes the record again: the kernel may have dropped it, and
    /// the fdatasync after a failed one succeeds without it.
    base::IoResult<void> sync();

private:
    struct Found {
        HighWaterSlot slot;
        std::uint64_t number = 0;
        bool other_is_whole = false;
    };
    static base::Expected<Found, OpenError> find(base::VfsFile& file, const std::string& path);
    base::IoResult<void> write_current();

    explicit HighWater(std::unique_ptr<base::VfsFile> file) : file_(std::move(file)) {}

    std::unique_ptr<base::VfsFile> file_;
    HighWaterSlot current_;
    /// The slot that is written; the other one is durable and not touched until the next sync.
    std::uint64_t slot_ = 0;
    bool dirty_ = false;
    /// The slot may not hold current_, in the page cache or behind it.
    bool in_doubt_ = false;
};

}  // namespace holdfast::storage::local
