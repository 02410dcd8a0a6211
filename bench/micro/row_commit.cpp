#include <fmt/format.h>

#include "bench/micro/engine_bench.h"

namespace holdfast::bench {

// What PutObject of 4 KiB commits: the object's record, absent before, and its sealed body.
std::vector<Figure> measure_row_commit(const MicroOptions& options) {
    constexpr std::size_t record_bytes = 400;
    constexpr std::size_t body_bytes = 4096;
    constexpr std::size_t tag_bytes = 16;
    constexpr unsigned coroutines = 64;
    EngineBench bench(options, "row_commit");
    const storage::Partition partition = "b/benchmark/0";
    std::string body(body_bytes + tag_bytes, '\0');
    const auto bytes = base::as_bytes(body);
    bench.random().fill({const_cast<std::uint8_t*>(bytes.data()), bytes.size()});

    const EngineBench::Work work = [&](std::uint64_t number) -> base::Awaitable<bool> {
        // Scattered, as the names of objects are.
        const auto key = fmt::format("o{:016x}", number * 0x9e3779b97f4a7c15);
        storage::Transaction transaction;
        transaction.expectations.push_back({key, 0});
        transaction.puts.push_back(
            {{storage::RowFamily::index, key}, std::string(record_bytes, 'r')});
        transaction.puts.push_back({{storage::RowFamily::body, key}, body});
        const auto committed =
            co_await bench.engine().metadata().commit(partition, std::move(transaction));
        co_return committed.has_value();
    };
    return {bench.run("commit with 4 KiB", coroutines, body_bytes, work)};
}

}  // namespace holdfast::bench
