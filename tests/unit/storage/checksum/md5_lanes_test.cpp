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

// Around where MD5's padding needs a block more (55, 56), and around the blocks themselves.
const std::vector<std::size_t> border_lengths = {0,  1,   54,  55,  56,  57,  62,  63,  64,  65,
                                                 66, 119, 120, 121, 127, 128, 129, 183, 184, 192};

/// As many messages as there are lengths. OpenSSL's MD5 of each is the reference (digest.h).
std::vector<Message> messages_of(base::Random& random, const std::vector<std::size_t>& lengths) {
    std::vector<Message> all(lengths.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].bytes.resize(lengths[i]);
        random.fill(all[i].bytes);
    }
    return all;
}

/// Each message's next bytes, at most bytes_max of each, all at once.
void update(std::vector<Message>& all, std::size_t bytes_max, std::size_t lanes) {
    std::vector<Md5Piece> pieces;
    for (auto& message : all) pieces.push_back(message.piece(bytes_max));
    md5_update_together(pieces, lanes);
}

void check_digests(std::vector<Message>& all) {
    for (auto& message : all) {
        CAPTURE(message.bytes.size());
        CHECK(message.stream.finish() == md5(message.bytes));
    }
}

/// The lane counts that have code of their own and that this processor can run.
std::vector<std::size_t> lane_counts() {
    std::vector<std::size_t> counts;
    for (const std::size_t lanes : {1, 8, 16})
        if (md5_has_lanes(lanes))
            counts.push_back(lanes);
        else
            WARN("this processor has no " << lanes << " lanes: left out");
    return counts;
}

}  // namespace

TEST_CASE("MD5 in lanes: the most that there are is what is used") {
    CHECK(md5_has_lanes(1));
    CHECK(md5_has_lanes(md5_lane_count()));
    for (const std::size_t lanes : lane_counts()) CHECK(lanes <= md5_lane_count());
    for (const std::size_t lanes : {0, 2, 4, 32}) CHECK_FALSE(md5_has_lanes(lanes));
}

TEST_CASE("MD5 in lanes: every length around the borders of blocks and padding, equal in all") {
    base::SeededRandom random(seed);
    for (const auto lanes : lane_counts())
        for (const auto length : border_lengths)
            for (std::size_t count = 1; count <= lanes + 2; ++count) {
                INFO(count << " messages of " << length << " in " << lanes << " lanes");
                auto all = messages_of(random, std::vector<std::size_t>(count, length));
                update(all, length, lanes);
                check_digests(all);
            }
}

TEST_CASE("MD5 in lanes: unequal lengths, also of fewer messages than lanes") {
    base::SeededRandom random(seed);
    for (const auto lanes : lane_counts())
        for (std::size_t first = 0; first < border_lengths.size(); ++first)
            for (std::size_t count = 1; count <= 2 * lanes + 1; ++count) {
                INFO(count << " messages from length " << first << " in " << lanes << " lanes");
                std::vector<std::size_t> lengths;
                for (std::size_t i = 0; i < count; ++i)
                    lengths.push_back(border_lengths[(first + i) % border_lengths.size()] +
                                      (i % 3) * 640);
                auto all = messages_of(random, lengths);
                update(all, 2000, lanes);
                check_digests(all);
            }
}

TEST_CASE("MD5 in lanes: cuts around the borders, between pieces of unequal messages") {
    base::SeededRandom random(seed);
    for (const auto lanes : lane_counts())
        for (const auto cut : border_lengths) {
            INFO("pieces of " << cut << " in " << lanes << " lanes");
            auto all = messages(random, lanes + 1, 1000);
            update(all, cut, lanes);  // 0: nothing of any
            update(all, 64, lanes);
            update(all, cut, lanes);
            update(all, 1000, lanes);
            check_digests(all);
        }
}

TEST_CASE("MD5 of many messages at once is that of each alone, whatever the cuts") {
    base::SeededRandom random(seed);
    for (const auto lanes : lane_counts())
        for (std::size_t count = 1; count <= 2 * lanes + 3; ++count) {
            INFO(count << " messages in " << lanes << " lanes");
            auto all = messages(random, count, 3000);
            for (bool more = true; more;) {
                std::vector<Md5Piece> pieces;
                for (auto& message : all) pieces.push_back(message.piece(number(random, 700)));
                md5_update_together(pieces, lanes);
                more = std::any_of(all.begin(), all.end(),
                                   [](const Message& m) { return m.taken < m.bytes.size(); });
            }
            check_digests(all);
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
    for (const auto lanes : lane_counts()) {
        INFO(lanes << " lanes");
        Md5Stream streams[std::size(suite)];
        std::vector<Md5Piece> pieces;
        for (std::size_t i = 0; i < std::size(suite); ++i)
            pieces.push_back({&streams[i], base::as_bytes(suite[i].first)});
        md5_update_together(pieces, lanes);
        for (std::size_t i = 0; i < std::size(suite); ++i)
            CHECK(base::to_hex(streams[i].finish()) == suite[i].second);
    }
}

TEST_CASE("MD5 in lanes: as many as there are, without being told how many") {
    base::SeededRandom random(seed);
    auto all = messages_of(random, std::vector<std::size_t>(md5_lane_count(), 64 * 256));
    std::vector<Md5Piece> pieces;
    for (auto& message : all) pieces.push_back(message.piece(message.bytes.size()));
    md5_update_together(pieces);
    for (const auto& piece : pieces) CHECK(piece.bytes.empty());
    check_digests(all);
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
