#include "storage/local/highwater.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/failpoint.h"
#include "storage/local/crc32c.h"
#include "storage/local/open_error.h"

namespace holdfast::storage::local {

namespace {

constexpr std::string_view slot_magic = "HFHIGHWT";
constexpr std::size_t incarnation_offset = 8;
constexpr std::size_t commit_offset = 16;
constexpr std::size_t crc_offset = 24;
static_assert(crc_offset + 4 == high_water_record_bytes);

base::IoResult<std::optional<HighWaterSlot>> read_slot(base::VfsFile& file, std::uint64_t slot) {
    HighWaterRecord record{};
    const auto got = file.pread(slot * high_water_slot_bytes, record);
    if (!got) return got.error();
    return parse_high_water_slot(base::ByteView(record).first(*got));
}

base::Expected<std::unique_ptr<base::VfsFile>, OpenError> open_file(base::Vfs& vfs,
                                                                    const std::string& path,
                                                                    base::OpenMode mode) {
    auto file = vfs.open(path, mode);
    if (!file && file.error().code == ENOENT)
        return OpenError{OpenError::Kind::damaged, path + " is missing"};
    if (!file) return to_open_error(file.error());
    return *std::move(file);
}

}  // namespace

HighWaterRecord encode_high_water_slot(const HighWaterSlot& slot) {
    HighWaterRecord record{};
    std::copy(slot_magic.begin(), slot_magic.end(), record.begin());
    const base::ByteSpan all(record);
    base::store_le64(all.subspan(incarnation_offset), slot.incarnation);
    base::store_le64(all.subspan(commit_offset), slot.commit_no);
    base::store_le32(all.subspan(crc_offset), crc32c(all.first(crc_offset)));
    return record;
}

std::optional<HighWaterSlot> parse_high_water_slot(base::ByteView record) {
    if (record.size() != high_water_record_bytes ||
        !base::as_text(record).starts_with(slot_magic) ||
        base::load_le32(record.subspan(crc_offset)) != crc32c(record.first(crc_offset)))
        return std::nullopt;
    return HighWaterSlot{base::load_le64(record.subspan(incarnation_offset)),
                         base::load_le64(record.subspan(commit_offset))};
}

base::Expected<std::unique_ptr<HighWater>, OpenError> HighWater::create(base::Vfs& vfs,
                                                                        const std::string& path) {
    auto file = vfs.open(path, base::OpenMode::create);
    if (!file) return to_open_error(file.error());
    const base::Bytes empty(2 * high_water_slot_bytes);
    if (auto written = (*file)->pwrite(0, empty); !written) return to_open_error(written.error());
    std::unique_ptr<HighWater> high_water(new HighWater(*std::move(file)));
    if (auto recorded = high_water->record(HighWaterSlot{}); !recorded)
        return to_open_error(recorded.error());
    if (auto synced = high_water->sync(); !synced) return to_open_error(synced.error());
    return high_water;
}

base::Expected<std::unique_ptr<HighWater>, OpenError> HighWater::make_again(
    base::Vfs& vfs, const std::string& directory, const std::string& path) {
    if (auto gone = vfs.unlink(path); !gone && gone.error().code != ENOENT)
        return to_open_error(gone.error());
    auto made = create(vfs, path);
    if (!made) return made;
    if (auto synced = vfs.sync_directory(directory); !synced) return to_open_error(synced.error());
    return made;
}

base::Expected<HighWater::Found, OpenError> HighWater::find(base::VfsFile& file,
                                                            const std::string& path) {
    std::optional<Found> found;
    for (std::uint64_t number = 0; number < 2; ++number) {
        const auto slot = read_slot(file, number);
        if (!slot) return to_open_error(slot.error());
        if (!*slot) continue;
        const bool both = found.has_value();
        if (!both || (*slot)->commit_no >= found->slot.commit_no) found = Found{**slot, number};
        found->other_is_whole = both;
    }
    if (!found)
        return OpenError{OpenError::Kind::damaged, path + " is damaged: neither slot is whole"};
    return *found;
}

base::Expected<HighWaterSlot, OpenError> HighWater::read(base::Vfs& vfs, const std::string& path) {
    const auto file = open_file(vfs, path, base::OpenMode::read);
    if (!file) return file.error();
    const auto found = find(**file, path);
    if (!found) return found.error();
    return found->slot;
}

base::Expected<std::unique_ptr<HighWater>, OpenError> HighWater::open(base::Vfs& vfs,
                                                                      const std::string& path) {
    auto file = open_file(vfs, path, base::OpenMode::read_write);
    if (!file) return std::move(file).error();
    const auto found = find(**file, path);
    if (!found) return found.error();
    std::unique_ptr<HighWater> high_water(new HighWater(*std::move(file)));
    high_water->current_ = found->slot;
    high_water->slot_ = found->number;
    // The slot found may be in the page cache only, left by a process that was killed or whose sync
    // failed.
    high_water->dirty_ = true;
    high_water->in_doubt_ = true;
    if (auto synced = high_water->sync(); !synced) return to_open_error(synced.error());
    if (found->other_is_whole) return high_water;
    // A power failure tore it. It is made whole, so that one that is not is damage to the scrub.
    auto repaired = high_water->record(found->slot);
    if (repaired) repaired = high_water->sync();
    if (!repaired) return to_open_error(repaired.error());
    return high_water;
}

base::IoResult<void> HighWater::record(const HighWaterSlot& slot) {
    if (HF_FAILPOINT("highwater.write") != base::Injected::none)
        return base::IoError{EIO, "pwrite", "highwater"};
    const auto before = std::exchange(current_, slot);
    if (auto written = write_current(); !written) {
        current_ = before;
        return written;
    }
    dirty_ = true;
    return {};
}

base::IoResult<void> HighWater::write_current() {
    const auto record = encode_high_water_slot(current_);
    in_doubt_ = true;
    auto written = file_->pwrite(slot_ * high_water_slot_bytes, record);
    in_doubt_ = !written;
    return written;
}

base::IoResult<void> HighWater::sync() {
    if (!dirty_) return {};
    if (in_doubt_)
        if (auto written = write_current(); !written) return written;
    if (auto synced = file_->sync_data(); !synced) {
        in_doubt_ = true;
        return synced;
    }
    dirty_ = false;
    slot_ = 1 - slot_;
    return {};
}

}  // namespace holdfast::storage::local
