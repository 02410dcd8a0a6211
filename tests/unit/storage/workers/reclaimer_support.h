/// For tests of the reclaimer: one over a catalog, and garbage for it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "storage/workers/reclaimer.h"
#include "tests/unit/storage/catalog/buckets_support.h"

namespace holdfast::tests {

using storage::workers::Reclaimer;

/// A catalog and a reclaimer on a loop that lives as long.
struct Reclaiming {
    explicit Reclaiming(const Reclaimer::Options& options = {})
        : reclaimer(std::make_unique<Reclaimer>(loop.get_executor(), c.store, c.buckets, c.uploads,
                                                options)) {}

    void run_once() { test::run_on(loop, reclaimer->run_once()); }
    void run_after(std::chrono::milliseconds time) {
        c.clock.advance(time);
        run_once();
    }
    /// As a new process over the same data.
    void restart(const Reclaimer::Options& options = {}) {
        c.garbage.take();
        reclaimer = std::make_unique<Reclaimer>(loop.get_executor(), c.store, c.buckets, c.uploads,
                                                options);
    }

    /// Objects that come and go: so many garbage rows of one blob each.
    void make_garbage(int rows) {
        for (int i = 0; i < rows; ++i) {
            c.put("k" + std::to_string(i), test::make_text(20'000));
            c.remove("k" + std::to_string(i));
        }
    }
    std::size_t garbage_rows() { return c.rows_of_kind('g'); }
    void check_all_given_back() {
        CHECK(c.blobs.live() == 0);
        CHECK(garbage_rows() == 0);
    }
    /// REQUIRES: it succeeds.
    void remove_bucket(const std::string& name) {
        REQUIRE(test::run(c.buckets.remove(find_bucket(c, name))));
    }

    test::Catalog c;
    base::asio::io_context loop{1};
    std::unique_ptr<Reclaimer> reclaimer;
};

/// With a bucket, the one that garbage is made in.
struct ReclaimingBucket : Reclaiming {
    explicit ReclaimingBucket(const Reclaimer::Options& options = {}) : Reclaiming(options) {
        c.make_bucket();
    }
};

}  // namespace holdfast::tests
