#include "storage/local/row_codec.h"

#include "base/bytes.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;

namespace {

std::string hex(std::string_view text) {
    return base::to_hex(base::as_bytes(text));
}

}  // namespace

TEST_CASE("row codec: golden bytes of format 1", "[local][format]") {
    CHECK(hex(disk_key("b/1", "key")) == "622f31006b6579");
    CHECK(hex(version_prefix(0x0102030405060708)) == "0102030405060708");
    CHECK(hex(encode_commit_number(258)) == "0000000000000102");
    CHECK(hex(encode_commit_range(CommitRange{257, 258})) ==
          "4846433100000000000001010000000000000102");
}

TEST_CASE("row codec: the bounds of a partition hold all of its keys and no other's",
          "[local][format]") {
    const auto end = partition_end("p");
    CHECK(disk_key("p", "") < end);
    CHECK(disk_key("p", "\xff\xff\xff") < end);
    CHECK(disk_key("p\x01", "") > end);
    CHECK(disk_key("q", "") > end);
    CHECK(disk_range_end("p", "") == end);
    CHECK(disk_range_end("p", "k") == disk_key("p", "k"));
}

TEST_CASE("row codec: values and log data that are not ours are noticed", "[local][format]") {
    const std::string stored = version_prefix(7) + "abc";
    const auto value = parse_disk_value(stored);
    REQUIRE(value);
    CHECK(value->version == 7);
    CHECK(value->value == "abc");
    CHECK(parse_disk_value(stored.substr(0, version_bytes))->value.empty());
    CHECK_FALSE(parse_disk_value("1234567"));
    CHECK_FALSE(parse_disk_value(version_prefix(0) + "abc"));

    const auto range = parse_commit_range(encode_commit_range(CommitRange{3, 9}));
    REQUIRE(range);
    CHECK(range->first == 3);
    CHECK(range->last == 9);
    CHECK_FALSE(parse_commit_range(encode_commit_range(CommitRange{9, 3})));
    CHECK_FALSE(parse_commit_range(encode_commit_range(CommitRange{0, 3})));
    CHECK_FALSE(parse_commit_range(encode_commit_range(CommitRange{3, 9}) + "x"));
    CHECK_FALSE(parse_commit_range("XFC1" + encode_commit_range(CommitRange{3, 9}).substr(4)));
    CHECK_FALSE(parse_commit_number("1234567"));
    CHECK(parse_commit_number(encode_commit_number(0)) == 0);
}
