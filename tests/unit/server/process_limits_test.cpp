#include "server/process_limits.h"

#include "tests/catch.h"

using holdfast::server::share_descriptors;

TEST_CASE("2.5 fd exhaustion: connections get 80 %, storage what is left behind 32 held back",
          "[server]") {
    for (const std::size_t limit : {1000UL, 4096UL, 1'000'000UL}) {
        const auto shares = share_descriptors(limit);
        CHECK(shares.connections_max == limit / 5 * 4);
        CHECK(shares.connections_max + shares.segments_open_max + shares.index_files_open_max +
                  32 <=
              limit);
    }
    CHECK(share_descriptors(1'000'000).segments_open_max == 256);
    CHECK(share_descriptors(1'000'000).index_files_open_max == 4096);
}

TEST_CASE("2.5 fd exhaustion: a limit too low for a large index is told apart", "[server]") {
    CHECK_FALSE(share_descriptors(1024).enough);
    CHECK(share_descriptors(4096).enough);
    for (const std::size_t limit : {0UL, 1UL, 20UL, 100UL}) {
        const auto shares = share_descriptors(limit);
        CHECK_FALSE(shares.enough);
        CHECK(shares.connections_max > 0);
        CHECK(shares.segments_open_max >= 16);
        CHECK(shares.index_files_open_max >= 96);
    }
}
