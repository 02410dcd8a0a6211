/// For tests of the merger of bodies: rows with bodies in RocksDB's blob files, and a merger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "storage/local/body_merger.h"
#include "tests/unit/storage/local/row_support.h"

namespace holdfast::tests {

inline constexpr int bodies_count = 6000;
inline constexpr std::size_t body_bytes = 1100;  ///< long enough for a blob file

inline storage::RowKey body_key(int number, const std::string& suffix = {}) {
    return {storage::RowFamily::body, "k" + std::to_string(10'000 + number) + suffix};
}

inline std::string body_of(int number, int version) {
    return std::to_string(number) + "v" + std::to_string(version) + std::string(body_bytes, '.');
}

/// Every body is there, every `step`th in its second version; 0: none.
inline void check_bodies(RowWorld& world, int step) {
    std::vector<storage::RowKey> keys;
    for (int number = 0; number < bodies_count; ++number) keys.push_back(body_key(number));
    const auto rows = run(world.rows->get("p", std::move(keys)));
    REQUIRE(rows);
    int right = 0;
    for (int number = 0; number < bodies_count; ++number) {
        const auto& row = rows->at(static_cast<std::size_t>(number));
        if (row && row->value == body_of(number, step > 0 && number % step == 0 ? 2 : 1)) ++right;
    }
    CHECK(right == bodies_count);
}

/// All steps of one merge; how many they were.
inline int merge_all(storage::local::BodyMerger& merger, std::uint64_t move_up_to) {
    storage::BodyMerge merge{{}, move_up_to};
    int steps = 0;
    do {
        auto done = merger.step(merge);
        REQUIRE(done);
        merge.from = done->next;
        REQUIRE(++steps < 1000);
    } while (!merge.from.empty());
    return steps;
}

inline storage::BodySpace space_of(storage::local::BodyMerger& merger) {
    auto space = merger.space();
    REQUIRE(space);
    return *std::move(space);
}

/// Of the blob files, the oldest one first.
inline std::vector<std::uint64_t> numbers_of(const storage::BodySpace& space) {
    std::vector<std::uint64_t> found;
    for (const auto& file : space.files) found.push_back(file.number);
    return found;
}

/// A row store with a merger. Tables are of one block each; nothing is compacted unless it is asked
/// for.
struct MergeWorld : RowWorld {
    explicit MergeWorld(const TemporaryDirectory& directory,
                        storage::local::BodyMerger::Failed failed = {})
        : RowWorld(directory), merger(access, std::move(failed)) {
        REQUIRE(database->db()
                    .SetOptions(bodies(), {{"target_file_size_base", "8192"},
                                           {"disable_auto_compactions", "true"}})
                    .ok());
    }

    [[nodiscard]] rocksdb::ColumnFamilyHandle* bodies() const {
        return database->family(storage::RowFamily::body);
    }
    void flush() { REQUIRE(database->db().Flush({}, bodies()).ok()); }

    /// Every `step`th body from `first` on, in a file of its own.
    void put(int step, int version, int first = 0) {
        put_rows(step, version, first, {});
        flush();
    }
    /// Rows of other keys, all over the range of the bodies, that stay in memory.
    void put_between(const std::string& suffix) { put_rows(10, 1, 0, suffix); }

    storage::local::BodyMerger merger;

private:
    void put_rows(int step, int version, int first, const std::string& suffix) {
        storage::Transaction transaction;
        for (int number = first; number < bodies_count; number += step)
            transaction.puts.push_back({body_key(number, suffix), body_of(number, version)});
        const auto committed = commit(std::move(transaction));
        REQUIRE(committed);
    }
};

}  // namespace holdfast::tests
