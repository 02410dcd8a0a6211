// Header, end mark and identity of an extent: what decodes encodes to the same bytes.
#include <cstdlib>
#include <cstring>

#include "storage/local/crc32c.h"
#include "storage/local/segment_format.h"

using namespace holdfast;
using namespace holdfast::storage::local;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

template <class Encoded>
bool same(const Encoded& encoded, base::ByteView bytes) {
    return encoded.size() == bytes.size() &&
           std::memcmp(encoded.data(), bytes.data(), bytes.size()) == 0;
}

/// The last four bytes of a block are its checksum: put right, so that what is behind it is met.
base::Bytes sealed(base::ByteView bytes) {
    base::Bytes block(bytes.begin(), bytes.end());
    block.resize(extent_header_bytes);
    base::store_le32(base::ByteSpan(block).last(4), crc32c(base::ByteView(block).first(60)));
    return block;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const base::ByteView bytes(data, size);
    static_cast<void>(decode_header(bytes));
    static_cast<void>(decode_mark(bytes));
    const auto block = sealed(bytes);
    if (const auto header = decode_header(block)) {
        const auto again = decode_header(encode(*header));
        require(again && same(encode(*again), encode(*header)));
    }
    if (const auto mark = decode_mark(block)) {
        const auto again = decode_mark(encode(*mark));
        require(again && same(encode(*again), encode(*mark)));
    }
    if (const auto identity = decode_identity(bytes)) require(same(encode(*identity), bytes));
    if (const auto name = SegmentName::parse(base::as_text(bytes)))
        require(name->file_name() == base::as_text(bytes));
    return 0;
}
