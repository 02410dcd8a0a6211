#include "storage/local/blob_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "storage/local/crc32c.h"
#include "storage/local/segment.h"
#include "storage/local/segment_failpoint.h"
#include "storage/local/segment_format.h"
#include "storage/local/segment_scan.h"

namespace holdfast::storage::local {

namespace {

using base::ByteSpan;
using base::IoResult;

/// One extent of a blob, seen from its reference. Each step says what is wrong, or nothing.
class ExtentCheck {
public:
    ExtentCheck(base::VfsFile& file, const BlobRef& blob, std::size_t number,
                const ExtentPlan& plan)
        : file_(file), blob_(blob), number_(number), plan_(plan) {}

    Result<BlobCheck> run() {
        BlobCheck check;
        check.bytes_read = plan_.extent.length;
        auto wrong = look(check);
        if (!wrong && wrong.error().out_of_means()) return to_storage_error(wrong.error());
        check.damage = wrong ? std::move(*wrong) : "it cannot be read: " + wrong.error().message();
        return check;
    }

private:
    [[nodiscard]] bool is_last() const { return number_ + 1 == blob_.extents.size(); }
    [[nodiscard]] std::uint64_t mark_offset() const {
        return plan_.extent.offset + plan_.extent.length - extent_mark_bytes;
    }

    IoResult<std::string> look(BlobCheck& check) {
        const auto& extent = plan_.extent;
        if (auto failed = as_io_error(HF_FAILPOINT("scrub.frame"), "pread", "frame"))
            return *failed;
        std::array<std::uint8_t, extent_header_bytes> header{};
        std::array<std::uint8_t, extent_mark_bytes> mark{};
        // What the file does not have reads as zeros.
        if (auto got = file_.pread(extent.offset, header); !got) return got.error();
        if (auto got = file_.pread(mark_offset(), mark); !got) return got.error();
        item_.kind = ScanItem::Kind::whole;
        item_.offset = extent.offset;
        item_.length = extent.length;
        item_.first_frame = plan_.first_frame;
        const auto decoded_header = decode_header(header);
        const auto decoded_mark = decode_mark(mark);
        if (auto wrong = compare(decoded_header, decoded_mark); !wrong.empty()) return wrong;
        item_.header = *decoded_header;
        item_.mark = *decoded_mark;
        // The identity also when frames are damaged: it says whose they are.
        IoResult<std::string> identity = std::string();
        if (is_last()) identity = look_at_identity(check);
        auto wrong = look_at_frames();
        if (!wrong || !wrong->empty()) return wrong;
        return identity;
    }

    [[nodiscard]] std::string compare(const std::optional<ExtentHeader>& header,
                                      const std::optional<ExtentMark>& mark) const {
        if (!header) return "its header is damaged";
        if (header->id != blob_.id || header->number != number_)
            return "its header is another blob's";
        if (header->frame_bytes != blob_.frame_bytes) return "its header has another frame size";
        if (!mark) return "its end mark is damaged";
        if (mark->id != blob_.id || mark->number != number_)
            return "its end mark is another blob's";
        const auto end =
            std::min((plan_.first_frame + plan_.frames) * blob_.frame_bytes, blob_.stored_bytes);
        const auto length = extent_header_bytes + plan_.data_bytes + plan_.table_bytes() +
                            mark->identity_bytes + extent_mark_bytes;
        if (mark->frames != plan_.frames || mark->stored_bytes != end || mark->last != is_last() ||
            length != plan_.extent.length)
            return "its end mark disagrees with the record";
        return {};
    }

    IoResult<std::string> look_at_frames() {
        const auto frames = check_frames(file_, item_);
        if (!frames) return frames.error();
        if (!frames->table_whole) return std::string("its frame table is damaged");
        if (frames->damaged_frames == 0) return std::string();
        return fmt::format("{} damaged frames, the first is {}", frames->damaged_frames,
                           frames->first_damaged_frame);
    }

    IoResult<std::string> look_at_identity(BlobCheck& check) {
        if (item_.mark.identity_bytes > identity_bytes_max)
            return std::string("its identity is damaged");
        base::Bytes bytes(item_.mark.identity_bytes);
        if (auto got = file_.pread(mark_offset() - bytes.size(), bytes); !got) return got.error();
        if (crc32c(bytes) == item_.mark.identity_checksum) check.identity = decode_identity(bytes);
        if (!check.identity) return std::string("its identity is damaged");
        return std::string();
    }

    base::VfsFile& file_;
    const BlobRef& blob_;
    const std::size_t number_;
    const ExtentPlan& plan_;
    ScanItem item_;
};

base::IoResult<std::shared_ptr<base::VfsFile>> open_to_check(SegmentWorks& works,
                                                             std::uint64_t segment) {
    if (works.open.contains(segment)) return works.handles.get(segment);
    auto file = works.handles.open_medium(segment);
    if (!file) return std::move(file).error();
    return std::shared_ptr<base::VfsFile>(*std::move(file));
}

}  // namespace

Result<BlobCheck> check_blob(SegmentWorks& works, const BlobRef& blob, std::size_t extent) {
    BlobCheck check;
    const auto plans = plan_extents(blob);
    if (!plans || extent >= plans->size()) {
        check.damage = "its reference contradicts itself";
        return check;
    }
    const auto& plan = (*plans)[extent];
    const auto file = open_to_check(works, plan.extent.segment);
    if (!file && file.error().out_of_means()) return to_storage_error(file.error());
    if (!file) {
        check.damage = "its segment cannot be opened: " + file.error().message();
        return check;
    }
    // Once more before it is called damaged: that tells a passing error from the medium's.
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto checked = ExtentCheck(**file, blob, extent, plan).run();
        if (!checked || checked->damage.empty()) return checked;
        check = *std::move(checked);
    }
    check.damage = fmt::format("extent {}: {}: {} at {}", extent, check.damage,
                               works.handles.path(plan.extent.segment), plan.extent.offset);
    return check;
}

}  // namespace holdfast::storage::local
