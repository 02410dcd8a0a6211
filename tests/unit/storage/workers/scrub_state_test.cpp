#include "storage/workers/scrub_state.h"

#include "storage/workers/state_file.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace std::chrono_literals;
using storage::Damage;
using storage::workers::encode_state;
using storage::workers::ScrubState;
using storage::workers::StateLine;

namespace {

ScrubState some_state() {
    ScrubState state;
    state.under_way = true;
    state.cursor = {"b/0123456789abcdef/0", std::string("o key\nwith \0 all", 16)};
    state.file_cursor = "000011.sst";
    state.age = 1234567ms;
    state.passes = 3;
    state.blobs = 10;
    state.bytes = 1 << 20;
    state.ended = base::WallTime(1'700'000'000'000ms);
    Damage blob;
    blob.blob.id.fill(7);
    blob.blob.stored_bytes = 70'000;
    blob.blob.frame_bytes = 65'552;
    blob.blob.extents = {{1, 0, 4096}, {2, 8192, 70'000}};
    blob.partition = "b/0123456789abcdef/0";
    blob.row_key = "ocat.jpg";
    blob.bucket = "photos";
    blob.part = 12;
    blob.what = "2 damaged frames, the first is 1";
    blob.first_seen = base::WallTime(1'600'000'000'000ms);
    blob.last_seen = base::WallTime(1'600'000'000'001ms);
    state.damaged.push_back(blob);
    Damage file;
    file.kind = Damage::Kind::file;
    file.file = "000012.sst";
    file.what = "its checksum is another";
    state.damaged.push_back(file);
    for (const auto kind : {Damage::Kind::row, Damage::Kind::rows}) {
        Damage row;
        row.kind = kind;
        row.partition = "b/0123456789abcdef/0";
        row.family = storage::RowFamily::body;
        row.row_key = "ocat.jpg";
        row.what = "it cannot be read";
        state.damaged.push_back(row);
    }
    return state;
}

}  // namespace

TEST_CASE("scrub state: what was written is read again", "[workers]") {
    const auto state = some_state();
    const auto read = ScrubState::parse(state.encode());
    REQUIRE(read);
    CHECK(read->encode() == state.encode());
    CHECK(read->under_way);
    CHECK(read->cursor.partition == state.cursor.partition);
    CHECK(read->cursor.key == state.cursor.key);
    CHECK(read->file_cursor == state.file_cursor);
    CHECK(read->age == state.age);
    CHECK(read->ended == state.ended);
    REQUIRE(read->damaged.size() == 4);
    const auto& blob = read->damaged[0];
    CHECK(blob.blob.id == state.damaged[0].blob.id);
    CHECK(blob.blob.extents.size() == 2);
    CHECK(blob.blob.extents[1].offset == 8192);
    CHECK(blob.bucket == "photos");
    CHECK(blob.part == 12);
    CHECK(blob.what == state.damaged[0].what);
    CHECK(blob.kind == Damage::Kind::blob);
    CHECK(read->damaged[1].kind == Damage::Kind::file);
    CHECK(read->damaged[1].file == "000012.sst");
    const auto& row = read->damaged[2];
    CHECK(row.kind == Damage::Kind::row);
    CHECK(row.family == storage::RowFamily::body);
    CHECK(row.row_key == "ocat.jpg");
    CHECK(read->damaged[3].kind == Damage::Kind::rows);
}

TEST_CASE("scrub state: a damaged file or another version is not read", "[workers]") {
    const auto content = some_state().encode();
    for (std::size_t i = 0; i < content.size(); ++i) {
        auto damaged = content;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        CHECK_FALSE(ScrubState::parse(damaged));
    }
    CHECK_FALSE(ScrubState::parse(""));
    CHECK_FALSE(ScrubState::parse("holdfast scrub 3\n"));
}

TEST_CASE("scrub state: a sealed file with other words is not read", "[workers]") {
    const auto is_read = [](std::initializer_list<StateLine> lines) {
        return ScrubState::parse(encode_state("holdfast scrub 2", lines)).has_value();
    };
    const StateLine pass{"pass", "idle", "-", "-", "-", "0", "0", "0", "0", "0"};
    StateLine damaged{"damaged", "blob", std::string(32, '0')};
    damaged.insert(damaged.end(), {"-", "-", "index", "-", "-", "0", "-", "1", "1", "0", "0"});
    CHECK(is_read({pass, damaged}));
    CHECK_FALSE(is_read({}));
    CHECK_FALSE(is_read({damaged}));
    CHECK_FALSE(is_read({pass, pass}));
    auto other = pass;
    other[1] = "resting";
    CHECK_FALSE(is_read({other}));
    // Two spaces are no separator, and more years than a clock can be reckoned with are no age.
    other = pass;
    other[8] = "0 ";
    CHECK_FALSE(is_read({other}));
    other = pass;
    other[5] = "18446744073709551615";
    CHECK_FALSE(is_read({other}));
    other = damaged;
    other[1] = "segment";
    CHECK_FALSE(is_read({pass, other}));
    other = damaged;
    other[5] = "meta";
    CHECK_FALSE(is_read({pass, other}));
}

TEST_CASE("scrub state: no word of a sealed file may be another kind of word", "[workers]") {
    const auto is_read = [](const StateLine& pass, const StateLine& damaged) {
        return ScrubState::parse(encode_state("holdfast scrub 2", {pass, damaged})).has_value();
    };
    const StateLine pass{"pass", "idle", "-", "-", "-", "0", "0", "0", "0", "0"};
    StateLine damaged{"damaged", "blob", std::string(32, '0')};
    damaged.insert(damaged.end(), {"-", "-", "index", "-", "-", "0", "-", "1", "1", "0", "0"});
    REQUIRE(is_read(pass, damaged));
    for (std::size_t word = 0; word < pass.size(); ++word) {
        auto other = pass;
        other[word] = "?";
        INFO("pass, word " << word);
        CHECK_FALSE(is_read(other, damaged));
    }
    for (std::size_t word = 0; word < damaged.size(); ++word) {
        auto other = damaged;
        other[word] = "?";
        INFO("damaged, word " << word);
        CHECK_FALSE(is_read(pass, other));
    }
    auto other = damaged;
    other[2] = "0000";  // no blob id is so short
    CHECK_FALSE(is_read(pass, other));
    other = damaged;
    other.push_back("1");  // a third of an extent
    CHECK_FALSE(is_read(pass, other));
    other.insert(other.end(), {"2", "3"});
    CHECK(is_read(pass, other));
}

TEST_CASE("scrub state: a pass that is not under way stays so", "[workers]") {
    auto state = some_state();
    state.under_way = false;
    const auto read = ScrubState::parse(state.encode());
    REQUIRE(read);
    CHECK_FALSE(read->under_way);
}
