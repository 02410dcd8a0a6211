#include "server/memory_split.h"

#include "base/limits.h"
#include "base/vfs.h"
#include "server/process_memory.h"
#include "tests/catch.h"

using namespace holdfast;
using base::GiB;
using base::MiB;

namespace {

config::Settings settings_with(std::vector<std::string> assignments) {
    const auto settings = config::load({{}, {}, std::move(assignments)});
    REQUIRE(settings);
    return *settings;
}

}  // namespace

TEST_CASE(
    "memory split: 60 % of what there is, and of that, less the program, 40, 15 and 35 % "
    "(durability 4)",
    "[server][memory]") {
    const auto split = server::split_memory(settings_with({}), 500 * MiB);
    CHECK(split.limit_bytes / MiB == 300);
    CHECK(split.block_cache_bytes / MiB == 107);
    CHECK(split.memtable_bytes / MiB == 40);
    CHECK(split.requests_bytes / MiB == 93);
    CHECK(split.collector_bytes / MiB == 13);
}

TEST_CASE("memory split: a large machine's memtables stay small enough for a quick start",
          "[server][memory]") {
    const auto split = server::split_memory(settings_with({}), 64 * GiB);
    CHECK(split.limit_bytes / GiB == 38);
    CHECK(split.memtable_bytes == 64 * MiB);
    CHECK(split.collector_bytes == 160 * MiB);
}

TEST_CASE("memory split: the settings win, but nobody serves with nothing", "[server][memory]") {
    const auto set =
        server::split_memory(settings_with({"mem.limit=1GiB", "storage.cache_bytes=5MiB",
                                            "storage.memtable_bytes=7MiB"}),
                             500 * MiB);
    CHECK(set.limit_bytes == GiB);
    CHECK(set.block_cache_bytes == 5 * MiB);
    CHECK(set.memtable_bytes == 7 * MiB);
    CHECK(server::split_memory(settings_with({"mem.limit=1"}), GiB).limit_bytes == 64 * MiB);
}

TEST_CASE("memory split: a small limit leaves requests room below the level that refuses them",
          "[server][memory]") {
    for (const char* limit : {"64MiB", "100MiB", "256MiB", "1GiB"}) {
        INFO(limit);
        const auto split =
            server::split_memory(settings_with({std::string("mem.limit=") + limit}), GiB);
        const auto idle = 32 * MiB + split.block_cache_bytes + split.memtable_bytes;
        CHECK(idle < split.limit_bytes / 100 * 80);
        CHECK(idle + split.requests_bytes + split.collector_bytes < split.limit_bytes);
        CHECK(split.requests_bytes > 10 * MiB);
    }
}

TEST_CASE("process memory: the system says how much there is and how much is taken",
          "[server][memory]") {
    const auto vfs = base::make_posix_vfs();
    const server::ResidentMemory resident(*vfs);
    CHECK(resident.bytes() > MiB);
    CHECK(server::usable_memory_bytes(*vfs) > resident.bytes());
    std::vector<char> block(64 * MiB, 'x');
    CHECK(resident.bytes() > block.size());
}
