// The serialised forms of docs/format/rows.md: what is on disks must be found again.

#include "storage/catalog/row_keys.h"
#include "base/bytes.h"
#include "storage/catalog/store.h"
#include "tests/catch.h"

using namespace holdfast::storage::catalog;

namespace {

std::string hex(std::string_view text) {
    return holdfast::base::to_hex(holdfast::base::as_bytes(text));
}

const std::string blob_id("\x01\x00\xff\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16);

holdfast::storage::BlobRef blob_at(std::uint64_t segment, std::uint64_t offset) {
    holdfast::storage::BlobRef blob;
    blob.id = {1, 0, 255, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    blob.extents = {{segment, offset, 5000}, {7, 8192, 5000}};
    return blob;
}

}  // namespace

TEST_CASE("Row keys: the serialised forms never change", "[catalog][format]") {
    CHECK(system_partition == "system");
    CHECK(bucket_partition("0123456789abcdef") == "b/0123456789abcdef/0");
    CHECK(bucket_row("photos") == "nphotos");
    CHECK(deleted_bucket_row("0123456789abcdef") == "d0123456789abcdef");
    CHECK(bucket_state_row == "B");
    CHECK(object_row("a/b") == "oa/b");
    CHECK(hex(manifest_row("a", 0)) == "6f610000000000");
    CHECK(hex(manifest_row("a", 0x01020304)) == "6f610001020304");
    CHECK(hex(upload_row("a", "id")) == "7561006964");
    CHECK(hex(part_row("a", "id", 10'000)) == "70610069640000002710");
    CHECK(hex(parts_changed_row("a", "id")) == "7461006964");
    CHECK(hex(ended_row("a", "id")) == "6d61006964");
    CHECK(hex(garbage_row(blob_at(0x0102030405060708, 0x1000))) ==
          "670100ff030405060708090a0b0c0d0e0f01020304050607080000000000001000");
}

TEST_CASE("Row keys: a blob that was moved and is dropped again has two garbage rows",
          "[catalog][format]") {
    CHECK(garbage_row(blob_at(1, 4096)) != garbage_row(blob_at(2, 4096)));
    CHECK(garbage_row(blob_at(1, 4096)) != garbage_row(blob_at(1, 8192)));
}

TEST_CASE("Row keys: ranges hold exactly their rows", "[catalog][format]") {
    const auto parts = rows_of_upload("a", "id");
    CHECK(part_row("a", "id", 1) >= parts.begin);
    CHECK(part_row("a", "id", 0xffffffff) < parts.end);
    CHECK(part_row("a", "id0", 1) >= parts.end);
    CHECK(part_row("a", "ic", 0xffffffff) < parts.begin);
    CHECK(part_row("a\x01", "id", 1) >= parts.end);
    const auto objects = rows_of_kind('o');
    CHECK(object_row("") == objects.begin);
    CHECK(object_row("\xff\xff\xff") < objects.end);
    CHECK(part_row("", "", 0) >= objects.end);
}

TEST_CASE("Row keys: the end of a prefix", "[catalog][format]") {
    CHECK(after_prefix("a") == "b");
    CHECK(after_prefix("oa\xff") == "ob");
    CHECK(after_prefix("oa\xff\xff") == "ob");
    CHECK(after_prefix("o\x7f") == "o\x80");
    CHECK(after_prefix("\xff").empty());
    CHECK(after_prefix("").empty());
}

TEST_CASE("Row keys: an upload row is taken apart again", "[catalog][format]") {
    const auto row = upload_row("a/ä", "id-1");
    const auto name = parse_upload_row(row);
    CHECK(name.key == "a/ä");
    CHECK(name.upload_id == "id-1");
}

TEST_CASE("Records: a blob reference keeps its serialised form", "[catalog][format]") {
    holdfast::storage::BlobRef ref;
    std::copy(blob_id.begin(), blob_id.end(), ref.id.begin());
    ref.stored_bytes = 300;
    ref.frame_bytes = 65'552;
    ref.extents.push_back({1, 4096, 500});
    records::BlobRef record;
    to_record(ref, &record);
    CHECK(hex(record.SerializeAsString()) ==
          "0a100100ff030405060708090a0b0c0d0e0f"
          "10ac02"
          "18908004"
          "22080801108020"
          "18f403");
    const auto back = from_record(record);
    CHECK(back.id == ref.id);
    CHECK(back.stored_bytes == 300);
    CHECK(back.frame_bytes == 65'552);
    REQUIRE(back.extents.size() == 1);
    CHECK(back.extents[0].segment == 1);
    CHECK(back.extents[0].offset == 4096);
    CHECK(back.extents[0].length == 500);
}

TEST_CASE("Records: fields of a later version are kept aside, not refused", "[catalog][format]") {
    records::BucketState state;
    state.set_deleting(true);
    holdfast::storage::Row row;
    row.value = state.SerializeAsString() + "\xf8\x07\x01";  // field 127
    const auto parsed = parse_record<records::BucketState>(row);
    REQUIRE(parsed);
    CHECK(parsed->deleting());
    row.value = "\xff";
    CHECK_FALSE(parse_record<records::BucketState>(row));
}
