#include "storage/local/reattach_note.h"

#include <cerrno>
#include <filesystem>

#include "base/faulty_vfs.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage::local;

TEST_CASE("reattach note: golden bytes", "[local][format]") {
    const auto content = encode_reattach_note({258, 7});
    CHECK(base::to_hex(base::as_bytes(content)).substr(0, 48) ==
          "4846524541545431"
          "0201000000000000"
          "0700000000000000");
    CHECK(content.size() == 28);
    const auto note = parse_reattach_note(base::as_bytes(content));
    REQUIRE(note);
    CHECK(note->commit_no == 258);
    CHECK(note->missing == 7);
}

TEST_CASE("reattach note: one that is damaged still says that something is pending",
          "[local][recovery]") {
    const tests::TemporaryDirectory directory;
    const auto vfs = base::make_posix_vfs();
    const auto volume = directory.path();
    REQUIRE(read_reattach_note(*vfs, volume));
    CHECK_FALSE(read_reattach_note(*vfs, volume)->has_value());
    REQUIRE(write_reattach_note(*vfs, volume, {258, 7}));
    CHECK(read_reattach_note(*vfs, volume)->value().commit_no == 258);
    const auto path = volume + "/reattach-pending";
    for (const auto bytes : {0, 27, 5000}) {
        std::filesystem::resize_file(path, static_cast<std::uintmax_t>(bytes));
        const auto note = read_reattach_note(*vfs, volume);
        REQUIRE(note);
        REQUIRE(*note);
        CHECK((*note)->commit_no == 0);
        CHECK((*note)->missing == 1);
    }
    const auto content = encode_reattach_note({258, 7});
    for (const std::size_t at : {0, 8, 27}) {
        auto changed = content;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        REQUIRE(base::write_file_durably(*vfs, path, base::as_bytes(changed), 0640));
        CHECK(read_reattach_note(*vfs, volume)->value().commit_no == 0);
    }
    base::FaultyVfs faulty(*vfs);
    faulty.fail({"unlink", "", 1, EIO, false});
    CHECK_FALSE(remove_reattach_note(faulty, volume));
    CHECK(read_reattach_note(*vfs, volume)->has_value());
    REQUIRE(remove_reattach_note(*vfs, volume));
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(remove_reattach_note(*vfs, volume));
}
