/// What the tests of the rows share: a directory, an event loop, and a store in it.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/local/committer.h"
#include "storage/local/highwater.h"
#include "storage/local/row_database.h"
#include "storage/local/row_store.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"
#include "tests/temporary_directory.h"

namespace holdfast::tests {

using test::run;

inline storage::Put put_row(std::string key, std::string value) {
    return storage::Put{storage::RowKey{storage::RowFamily::index, std::move(key)},
                        std::move(value)};
}

/// One row, put whatever is there.
inline storage::Transaction put_of(std::string key, std::string value) {
    storage::Transaction transaction;
    transaction.puts.push_back(put_row(std::move(key), std::move(value)));
    return transaction;
}

/// A row store without an engine around it. Destroyed as a crash would leave it.
class RowWorld {
public:
    explicit RowWorld(const TemporaryDirectory& directory,
                      storage::local::Committer::Options options = {},
                      std::size_t files_open_max = 1024) {
        using namespace storage::local;
        const bool create = !std::filesystem::exists(directory.file("index"));
        std::filesystem::create_directories(directory.file("index"));
        const RowDatabaseOptions database_options{
            *vfs,   directory.file("index"),      {},
            create, RowMemory{16 << 20, 8 << 20}, files_open_max};
        auto opened = RowDatabase::open(database_options);
        REQUIRE(opened);
        auto index = std::make_unique<OpenIndex>();
        database = opened->get();
        index->database = *std::move(opened);
        auto mark = create ? HighWater::create(*vfs, directory.file("highwater"))
                           : HighWater::open(*vfs, directory.file("highwater"));
        REQUIRE(mark);
        high_water = *std::move(mark);
        index->committer = std::make_unique<Committer>(options, *database, *high_water, clock);
        committer = index->committer.get();
        access.open(std::move(index));
        rows = std::make_unique<RowStore>(access, condition, pool, damage);
    }
    ~RowWorld() {
        access.close();
        pool.join();
    }

    storage::Result<storage::RowVersion> commit(storage::Transaction transaction) {
        return run(rows->commit("p", std::move(transaction)));
    }
    std::optional<storage::Row> get(const std::string& key) {
        std::vector<storage::RowKey> keys{{storage::RowFamily::index, key}};
        auto answer = run(rows->get("p", std::move(keys)));
        REQUIRE(answer);
        return answer->at(0);
    }
    std::vector<std::string> keys_of(storage::ScanRange range) {
        auto page = run(rows->scan("p", std::move(range)));
        REQUIRE(page);
        std::vector<std::string> keys;
        for (const auto& row : page->rows) keys.push_back(row.key);
        return keys;
    }

    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SystemClock clock;
    base::WorkerPool pool{2};
    std::unique_ptr<storage::local::HighWater> high_water;
    storage::local::ConditionKeeper condition;
    storage::local::IndexAccess access;
    storage::local::RowDatabase* database = nullptr;
    storage::local::Committer* committer = nullptr;
    storage::DamageList damage{clock};
    std::unique_ptr<storage::local::RowStore> rows;
};

}  // namespace holdfast::tests
