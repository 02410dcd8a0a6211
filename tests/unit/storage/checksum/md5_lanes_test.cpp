#include "storage/checksum/md5_lanes.h"

#include <algorithm>

#include "base/random.h"
#include "storage/checksum/digest.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::checksum;

namespace {

constexpr std::uint64_t seed = 0x4d4435;

struct Message {
    base::Bytes bytes;
    std::size_t taken = 0;
    Md5Stream stream;

    Md5Piece piece(std::size_t bytes_max) {
        const auto take = std::min(bytes_max, bytes.size() - taken);
        taken += take;
        return {&stream, base::ByteView(bytes).subspan(taken - take, take)};
    }
};

std::size_t number(base::Random& random, std::size_t below) {
    base::Bytes bytes(8);
    random.fill(bytes);
    return base::load_le64(bytes) % below;
}

std::vector<Message> messages(base::Random& random, std::size_t count, std::size_t bytes_max) {
    std::vector<Message> all(count);
    for (auto& message : all) {
        message.bytes.resize(number(random, bytes_max + 1));
        random.fill(message.bytes);
    }
    return all;
}

}  // namespace

TEST_CASE("MD5 of many messages at once is that of each alone, whatever the cuts") {
    base::SeededRandom random(seed);
    for (std::size_t count = 1; count <= 2 * md5_lane_count() + 3; ++count) {
        INFO(count << " messages");
        auto all = messages(random, count, 3000);
        for (bool more = true; more;) {
            std::vector<Md5Piece> pieces;
            for (auto& message : all) pieces.push_back(message.piece(number(random, 700)));
            md5_update_together(pieces);
            more = std::any_of(all.begin(), all.end(),
                               [](const Message& m) { return m.taken < m.bytes.size(); });
        }
        for (auto& message : all) CHECK(message.stream.finish() == md5(message.bytes));
    }
}

TEST_CASE("MD5 in lanes: the test suite of RFC 1321, all at once") {
    const std::pair<std::string_view, std::string_view> suite[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"1234567890123456789012345678901234567890123456789012345678901234567890"
         "1234567890",
         "57edf4a22be3c955ac49da2e2107b67a"}};
    Md5Stream streams[std::size(suite)];
    std::vector<Md5Piece> pieces;
    for (std::size_t i = 0; i < std::size(suite); ++i)
        pieces.push_back({&streams[i], base::as_bytes(suite[i].first)});
    md5_update_together(pieces);
    for (std::size_t i = 0; i < std::size(suite); ++i)
        CHECK(base::to_hex(streams[i].finish()) == suite[i].second);
}

TEST_CASE("MD5 in lanes: equal lengths keep all lanes to the end") {
    base::SeededRandom random(seed);
    std::vector<Message> all(md5_lane_count());
    std::vector<Md5Piece> pieces;
    for (auto& message : all) {
        message.bytes.resize(64 * 256);
        random.fill(message.bytes);
        pieces.push_back(message.piece(message.bytes.size()));
    }
    md5_update_together(pieces);
    for (auto& message : all) CHECK(message.stream.finish() == md5(message.bytes));
}

TEST_CASE("an MD5 goes on from its four words, beyond 2^32 bits") {
    const base::Bytes block(1 << 20, 0x5a);
    constexpr int blocks = 600;
    Md5Stream whole;
    Md5Stream resumed;
    for (int i = 0; i < blocks; ++i) whole.update(block);
    resumed.advance(whole.words(), std::uint64_t{blocks / 2} * block.size());
    resumed.advance(whole.words(), std::uint64_t{blocks / 2} * block.size());
    CHECK(resumed.bytes_to_block_boundary() == 0);
    whole.update(base::as_bytes("the end"));
    resumed.update(base::as_bytes("the end"));
    CHECK(resumed.bytes_to_block_boundary() == 57);
    CHECK(resumed.finish() == whole.finish());
}
