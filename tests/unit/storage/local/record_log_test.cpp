#include "storage/local/record_log.h"

#include <filesystem>

#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using storage::local::find_log_damage;
using tests::put_of;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

/// The index' log, as RocksDB wrote it: some 120 KiB.
base::Bytes some_log() {
    TemporaryDirectory directory;
    RowWorld world(directory);
    for (int i = 0; i < 40; ++i)
        REQUIRE(world.commit(put_of("key" + std::to_string(i), std::string(3000, 'v'))));
    for (const auto& entry : std::filesystem::directory_iterator(directory.file("index"))) {
        if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
        auto content = base::read_file(*world.vfs, entry.path(), 1 << 20);
        REQUIRE(content);
        return *std::move(content);
    }
    FAIL("no log");
    return {};
}

}  // namespace

TEST_CASE("record log: what RocksDB wrote is whole, in pieces as well", "[local][rows]") {
    const auto log = some_log();
    REQUIRE(log.size() > 3 * storage::local::record_log_block_bytes);
    CHECK(find_log_damage(log, true).empty());
    const auto all = base::ByteView(log);
    const auto block = storage::local::record_log_block_bytes;
    CHECK(find_log_damage(all.first(block), false).empty());
    CHECK(find_log_damage(all.subspan(block, 2 * block), false).empty());
    CHECK(find_log_damage({}, true).empty());
}

TEST_CASE("record log: a flipped byte is found wherever it is, P11", "[local][rows]") {
    auto log = some_log();
    for (std::size_t at = 0; at < 2 * storage::local::record_log_block_bytes; at += 13) {
        log[at] ^= 0x10;
        INFO("byte " << at);
        CHECK_FALSE(find_log_damage(log, true).empty());
        log[at] ^= 0x10;
    }
}

TEST_CASE("record log: a page of zeros is damage, an end in a record is none", "[local][rows]") {
    auto log = some_log();
    for (const std::size_t cut : {1U, 5U, 1000U})
        CHECK(find_log_damage(base::ByteView(log).first(log.size() - cut), true).empty());
    std::fill_n(log.begin() + 8192, 4096, std::uint8_t{0});
    CHECK_FALSE(find_log_damage(log, true).empty());
}
