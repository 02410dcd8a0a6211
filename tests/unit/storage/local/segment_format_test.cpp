#include "storage/local/segment_format.h"

#include "storage/local/crc32c.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;

namespace {

BlobId an_id() {
    BlobId id{};
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(i + 1);
    return id;
}

ExtentHeader a_header() {
    return {an_id(), BlobKind::part, 3, 65552, 8192};
}

ExtentMark a_mark() {
    return {an_id(), 3, true, 2, 131'104, 0x01020304, 17, 0x05060708};
}

/// With another number in it and a checksum that holds: what a later version might write.
template <class Block>
Block with(Block block, std::size_t at, std::uint32_t number) {
    const base::ByteSpan bytes(block);
    base::store_le32(bytes.subspan(at), number);
    base::store_le32(bytes.subspan(60), crc32c(bytes.first(60)));
    return block;
}

}  // namespace

TEST_CASE("segment format: header, end mark and identity are these bytes for ever",
          "[storage][segment]") {
    CHECK(base::to_hex(encode(a_header())) ==
          "4846455854454e5402000000020000000102030405060708090a0b0c0d0e0f10"
          "030000001000010000200000000000000000000000000000000000000935b1be");
    CHECK(base::to_hex(encode(a_mark())) ==
          "4846454e444d524b01000000020000000102030405060708090a0b0c0d0e0f10"
          "200002000000000004030201110000000807060503000000000000004f443609");
    const BlobIdentity identity{"p", "key", "record", "photos", 0x0102};
    CHECK(base::to_hex(encode(identity)) ==
          "0100000003000000060000000201000000000000"
          "706b657970686f746f737265636f7264");
    CHECK(frame_checksum(an_id(), 7, base::as_bytes("frame")) == 0x53a75dc9);
}

TEST_CASE("segment format: what was encoded decodes, and any flipped bit is refused",
          "[storage][segment]") {
    const auto header = encode(a_header());
    REQUIRE(decode_header(header));
    CHECK(encode(*decode_header(header)) == header);
    const auto mark = encode(a_mark());
    REQUIRE(decode_mark(mark));
    CHECK(encode(*decode_mark(mark)) == mark);
    for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
        auto damaged = header;
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK_FALSE(decode_header(damaged));
        damaged = mark;
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK_FALSE(decode_mark(damaged));
    }
    CHECK_FALSE(decode_header(base::ByteView(header).first(63)));
    CHECK_FALSE(decode_mark(header));
}

TEST_CASE("segment format: a whole header or end mark with what nobody writes is refused",
          "[storage][segment]") {
    const auto header = encode(a_header());
    REQUIRE(decode_header(with(header, 8, 2)));
    CHECK_FALSE(decode_header(with(header, 8, 3)));  // version
    for (const std::uint32_t kind : {0U, 4U, 0xffffffffU})
        CHECK_FALSE(decode_header(with(header, 12, kind)));
    CHECK_FALSE(decode_header(with(header, 36, 0)));  // bytes of a frame
    CHECK_FALSE(decode_header(with(header, 40, 0)));  // bytes reserved
    CHECK_FALSE(decode_header(with(header, 40, 8191)));
    CHECK_FALSE(decode_mark(with(encode(a_mark()), 8, 3)));  // flags
}

TEST_CASE("segment format: an identity cut short is refused", "[storage][segment]") {
    const BlobIdentity identity{"partition", "key", "", "bucket", 7};
    const auto bytes = encode(identity);
    const auto decoded = decode_identity(bytes);
    REQUIRE(decoded);
    CHECK(decoded->partition == "partition");
    CHECK(decoded->row_key == "key");
    CHECK(decoded->record.empty());
    CHECK(decoded->bucket == "bucket");
    CHECK(decoded->last_commit == 7);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(decode_identity(base::ByteView(bytes).first(size)));
}

TEST_CASE("segment format: names go both ways and nothing else is a segment",
          "[storage][segment]") {
    const SegmentName name{0x12, 0xabc};
    CHECK(name.file_name() == "00000012-00000abc.segment");
    CHECK(SegmentName::of(name.number()).file_name() == name.file_name());
    CHECK(SegmentName::parse(name.file_name())->number() == name.number());
    for (const char* other :
         {"", "00000012-00000abc", "00000012-00000ABC.segment", "0000012-00000abc.segment",
          "00000012_00000abc.segment", "00000012-0000-abc.segment", "+0000012-00000abc.segment"})
        CHECK_FALSE(SegmentName::parse(other));
}

TEST_CASE("segment format: a reference that contradicts itself has no plan", "[storage][segment]") {
    BlobRef ref;
    ref.frame_bytes = 1000;
    ref.stored_bytes = 2500;
    ref.extents = {{1, 0, 128 + 2 * 1004}, {1, 4096, 128 + 504 + 20}};
    const auto plans = plan_extents(ref);
    REQUIRE(plans);
    CHECK(plans->at(0).frames == 2);
    CHECK(plans->at(1).first_frame == 2);
    CHECK(plans->at(1).data_bytes == 500);
    CHECK(plans->at(1).table_offset() == 4096 + 64 + 500);

    auto wrong = ref;
    wrong.stored_bytes = 9000;
    CHECK_FALSE(plan_extents(wrong));
    wrong = ref;
    wrong.frame_bytes = 0;
    CHECK_FALSE(plan_extents(wrong));
    wrong = ref;
    wrong.extents.clear();
    CHECK_FALSE(plan_extents(wrong));
    wrong = ref;
    wrong.extents[1].offset = 4097;
    CHECK_FALSE(plan_extents(wrong));
    wrong = ref;
    wrong.extents[0].length = 127;
    CHECK_FALSE(plan_extents(wrong));
    wrong = ref;
    wrong.stored_bytes = 9000;
    wrong.extents[1].length = 128 + 1004;
    CHECK_FALSE(plan_extents(wrong));  // every extent is full, and bytes are left
}
