// A ring that cannot fail proves nothing: disks and engines that break a promise must be caught.

#include "base/failpoint.h"
#include "tests/catch.h"
#include "tests/component/crash/ring.h"

using namespace holdfast;
using namespace holdfast::test::crash;
using storage::local::Durability;

namespace {

constexpr std::uint64_t states_max = 3000;

/// REQUIRES: something loses data.
std::string failure_found(const base::SimVfs::Options& disk,
                          Durability durability = Durability::strict) {
    RingOptions options;
    options.durability = durability;
    options.disk = disk;
    // Another seed when the first one met the danger at none of its crashes.
    for (options.seed = 1; options.seed <= 3; ++options.seed) {
        options.states = states_max / 3;
        const auto report = run_ring(options);
        if (!report.failure.empty()) return report.failure;
    }
    return {};
}

}  // namespace

TEST_CASE("C2 self-check: a disk whose syncs lie is caught", "[crash]") {
    base::SimVfs::Options disk;
    disk.syncs_lie = true;
    for (const auto durability : {Durability::strict, Durability::batched}) {
        const auto failure = failure_found(disk, durability);
        INFO(failure);
        CHECK_FALSE(failure.empty());
    }
}

#ifdef HF_FAILPOINTS

namespace {

struct Broken {
    explicit Broken(const char* name) { REQUIRE(base::set_test_breaks(name)); }
    Broken(const Broken&) = delete;
    Broken& operator=(const Broken&) = delete;
    ~Broken() { base::set_test_breaks(""); }
};

}  // namespace

TEST_CASE("C2 self-check: an engine without one of its safety measures is caught", "[crash]") {
    for (const auto durability : {Durability::strict, Durability::batched}) {
        for (const auto* name : {"blob_sync", "dir_sync", "wal_sync", "gc_order"}) {
            const Broken broken(name);
            const auto failure = failure_found({}, durability);
            INFO(name << (durability == Durability::batched ? ", batched: " : ", strict: ")
                      << failure);
            CHECK_FALSE(failure.empty());
        }
    }
}

TEST_CASE("C2 self-check: relaxed that gives space back before its commit is durable is caught",
          "[crash]") {
    for (const auto* name : {"gc_order", "release_sync"}) {
        const Broken broken(name);
        const auto failure = failure_found({}, Durability::relaxed);
        INFO(name << ": " << failure);
        CHECK_FALSE(failure.empty());
    }
}

#endif
