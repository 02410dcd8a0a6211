// A whole segment that the input damages: the scan goes through it once, in order, without gaps,
// and whatever it calls whole can be checked.
#include <algorithm>
#include <cstdlib>

#include "base/sim_vfs.h"
#include "storage/local/crc32c.h"
#include "storage/local/segment_scan.h"

using namespace holdfast;
using namespace holdfast::storage::local;

namespace {

constexpr std::uint32_t frame_bytes = 600;
constexpr std::size_t image_bytes = 10 * extent_alignment_bytes;

void require(bool condition) {
    if (!condition) std::abort();
}

/// An extent as a writer makes it.
void put_extent(base::Bytes& image, std::uint64_t offset, std::uint8_t blob, std::size_t content) {
    ExtentHeader header;
    header.id[0] = blob;
    header.frame_bytes = frame_bytes;
    header.reserved_bytes = 2 * extent_alignment_bytes;
    ExtentMark mark;
    mark.id = header.id;
    mark.last = true;
    mark.stored_bytes = content;
    const base::Bytes frames(content, blob);
    base::Bytes table;
    for (std::size_t at = 0; at < content; at += frame_bytes) {
        const auto frame =
            base::ByteView(frames).subspan(at, std::min<std::size_t>(frame_bytes, content - at));
        table.resize(table.size() + frame_entry_bytes);
        base::store_le32(base::ByteSpan(table).last(frame_entry_bytes),
                         frame_checksum(header.id, mark.frames++, frame));
    }
    mark.table_checksum = crc32c(table);
    const auto identity = encode(storage::BlobIdentity{"b/x/0", "okey", "record", "bucket", 5});
    mark.identity_bytes = static_cast<std::uint32_t>(identity.size());
    mark.identity_checksum = crc32c(identity);
    auto at = image.begin() + static_cast<std::ptrdiff_t>(offset);
    const auto append = [&at](const auto& piece) {
        at = std::copy(piece.begin(), piece.end(), at);
    };
    append(encode(header));
    append(frames);
    append(table);
    append(identity);
    append(encode(mark));
}

base::Bytes whole_image() {
    base::Bytes image(image_bytes);
    put_extent(image, 0, 1, 2 * frame_bytes);
    put_extent(image, 3 * extent_alignment_bytes, 2, 1);
    put_extent(image, 5 * extent_alignment_bytes, 3, 10 * frame_bytes + 7);
    return image;
}

/// The input is a row of edits: two bytes of place, one of length, then the bytes. Headers and
/// marks that they hit get a right checksum again when the length's top bit says so.
void damage(base::Bytes& image, base::ByteView edits) {
    while (edits.size() > 3) {
        const std::size_t place = (edits[0] | edits[1] << 8) % image.size();
        const bool seal = (edits[2] & 0x80) != 0;
        const auto bytes = edits.subspan(3).first(
            std::min<std::size_t>({edits[2] & 0x7fU, edits.size() - 3, image.size() - place}));
        std::copy(bytes.begin(), bytes.end(), image.begin() + static_cast<std::ptrdiff_t>(place));
        if (seal && place + 64 <= image.size()) {
            const auto block = base::ByteSpan(image).subspan(place, 64);
            base::store_le32(block.last(4), crc32c(block.first(60)));
        }
        edits = edits.subspan(3 + bytes.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto image = whole_image();
    damage(image, {data, size});
    base::SimVfs vfs;
    require(vfs.make_directories("/s").has_value());
    const auto file = vfs.open("/s/image", base::OpenMode::create, 0640);
    require(file.has_value() && (*file)->pwrite(0, image).has_value());
    SegmentScan scan(**file, {0, image.size(), true});
    std::uint64_t expected = 0;
    std::size_t whole = 0;
    while (const auto item = scan.next()) {
        require(item->offset == expected && item->bytes > 0);
        require(item->offset + item->bytes <= image.size());
        expected = scan.position();
        require(expected > item->offset);
        if (item->kind != ScanItem::Kind::whole) continue;
        ++whole;
        require(item->length <= item->bytes && item->data_bytes() < item->length);
        require(check_frames(**file, *item).has_value());
    }
    require(expected >= image.size());
    require(size > 3 || whole == 3);
    return 0;
}
