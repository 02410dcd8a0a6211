#include "base/random.h"

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "tests/catch.h"

using namespace holdfast::base;

namespace {

Bytes drawn(Random& random, std::size_t size) {
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
}

}  // namespace

TEST_CASE("random: a seed decides the sequence, SplitMix64's lowest bytes", "[base][random]") {
    SeededRandom zero(0);
    CHECK(drawn(zero, 4) == Bytes{0xaf, 0xf4, 0x4f, 0xec});
    SeededRandom one(42);
    SeededRandom same(42);
    SeededRandom other(43);
    const auto bytes = drawn(one, 100);
    CHECK(drawn(same, 100) == bytes);
    CHECK(drawn(other, 100) != bytes);
}

TEST_CASE("random: a seeded sequence does not depend on how it is cut", "[base][random]") {
    SeededRandom whole(7);
    SeededRandom cut(7);
    Bytes parts;
    for (const std::size_t size : {1U, 0U, 2U, 13U, 48U}) {
        const auto part = drawn(cut, size);
        parts.insert(parts.end(), part.begin(), part.end());
    }
    CHECK(parts == drawn(whole, 64));
}

TEST_CASE("random: the system's fills every byte it is given and none beside", "[base][random]") {
    SystemRandom random;
    const std::uint8_t untouched = 0xa5;
    for (const std::size_t size : {0U, 1U, 16U, 63U, 64U, 65U, 1024U, 1025U, 100'000U}) {
        Bytes buffer(size + 2, untouched);
        Bytes ever_changed(size, 0);
        // A byte keeps its value by chance once in 256 draws: sixteen of them leave none.
        for (int draw = 0; draw < 16; ++draw) {
            std::fill(buffer.begin(), buffer.end(), untouched);
            random.fill(ByteSpan(buffer).subspan(1, size));
            for (std::size_t i = 0; i < size; ++i) ever_changed[i] |= buffer[i + 1] ^ untouched;
            REQUIRE(buffer.front() == untouched);
            REQUIRE(buffer.back() == untouched);
        }
        INFO("size " << size);
        CHECK(std::count(ever_changed.begin(), ever_changed.end(), 0) == 0);
    }
}

TEST_CASE("random: the system's never gives the same bytes twice, on no thread", "[base][random]") {
    constexpr std::size_t threads = 4;
    constexpr std::size_t ids_per_thread = 2'000;
    std::vector<std::vector<Bytes>> ids(threads);
    {
        std::vector<std::jthread> workers;
        for (auto& own : ids) {
            workers.emplace_back([&own] {
                SystemRandom random;
                for (std::size_t i = 0; i < ids_per_thread; ++i)
                    own.push_back(drawn(random, 8 + i % 57));
            });
        }
    }
    // The first eight bytes alone tell them apart: 2^64 values for 8,000 draws.
    std::set<Bytes> starts;
    for (const auto& own : ids)
        for (const auto& id : own) starts.insert(Bytes(id.begin(), id.begin() + 8));
    CHECK(starts.size() == threads * ids_per_thread);
}
