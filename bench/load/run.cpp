#include "bench/load/run.h"

#include <fmt/format.h>

#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

#include "bench/load/worker.h"

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto wind_down_max = 60s;
constexpr std::int64_t endless = std::numeric_limits<std::int64_t>::max();

using ScriptMaker = std::function<std::unique_ptr<Script>(unsigned connection)>;

/// The workers of one phase on their threads.
class Crew {
public:
    Crew(const Options& options, const ScriptMaker& make_script) {
        const ComposerOptions composer{.host = options.host,
                                       .access_key = options.access_key,
                                       .secret_key = options.secret_key,
                                       .region = options.region,
                                       .anonymous = options.anonymous};
        const auto threads = std::min(options.threads, options.connections);
        for (unsigned i = 0; i < threads; ++i)
            workers_.push_back(std::make_unique<Worker>(options.address, composer, control_));
        for (unsigned i = 0; i < options.connections; ++i)
            workers_[i % threads]->add(make_script(i));
        running_ = workers_.size();
    }

    ~Crew() { join(); }

    void start(bool recording) {
        control_.recording = recording;
        for (auto& worker : workers_)
            threads_.emplace_back([this, &worker] {
                worker->run();
                const std::lock_guard lock(mutex_);
                --running_;
                ended_.notify_all();
            });
    }

    /// True when every script was through before.
    bool wait_until(Clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        return ended_.wait_until(lock, deadline, [this] { return running_ == 0; });
    }
    void wait() {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [this] { return running_ == 0; });
    }

    void set_recording(bool recording) { control_.recording = recording; }

    void join() {
        control_.stopping = true;
        if (!wait_until(Clock::now() + wind_down_max)) control_.abandoned = true;
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }

    /// REQUIRES: joined.
    [[nodiscard]] Statistics statistics() const {
        Statistics all;
        for (const auto& worker : workers_) all.merge(worker->statistics());
        return all;
    }

private:
    RunControl control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t running_ = 0;
};

std::string describe(const Statistics& statistics) {
    std::string text;
    for (const auto& [kind, count] : statistics.errors)
        text += fmt::format("{}{} ({} times)", text.empty() ? "" : ", ", kind, count);
    return text;
}

base::Expected<void, RunError> prepare(const Options& options, ObjectLoad load) {
    load.mix = Mix{.put = 1};
    Shared shared;
    shared.budget = static_cast<std::int64_t>(load.keys.objects);
    Crew crew(options, [&](unsigned i) { return make_object_script(load, shared, i); });
    crew.start(true);
    crew.wait();
    crew.join();
    const auto statistics = crew.statistics();
    if (totals(statistics).count != load.keys.objects)
        return RunError{"preparing the objects failed: " + describe(statistics)};
    return {};
}

std::optional<ProcessUsage> server_usage(const Options& options) {
    if (options.server_pid == 0) return {};
    return usage_of(options.server_pid);
}

base::Expected<RunResult, RunError> measure(const Options& options, Shared& shared,
                                            const ScriptMaker& make_script) {
    RunResult result;
    const bool by_count = shared.budget != endless;
    Crew crew(options, make_script);
    crew.start(by_count);
    if (!by_count) crew.wait_until(Clock::now() + options.warm_up);

    result.server_before = server_usage(options);
    const auto client_before = own_cpu_seconds();
    const auto begin = Clock::now();
    crew.set_recording(true);
    if (by_count)
        crew.wait();
    else
        crew.wait_until(begin + options.duration);
    crew.set_recording(false);
    result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    result.client_cpu_seconds = own_cpu_seconds() - client_before;
    result.server_after = server_usage(options);

    crew.join();
    result.statistics = crew.statistics();
    if (totals(result.statistics).count == 0)
        return RunError{"no request succeeded: " + describe(result.statistics)};
    return result;
}

Mix mix_of(const Options& options) {
    switch (options.command) {
        case Command::put:
            return {.put = 1};
        case Command::head:
            return {.head = 1};
        case Command::list:
            return {.list = 1};
        case Command::remove:
            return {.remove = 1};
        case Command::mixed:
            return options.mix;
        default:
            return {.get = 1};
    }
}

std::int64_t budget_of(const Options& options) {
    const auto limit =
        options.requests == 0 ? endless : static_cast<std::int64_t>(options.requests);
    // A key is deleted once: what follows would measure deletes of nothing.
    if (options.command == Command::remove)
        return std::min(limit, static_cast<std::int64_t>(options.objects));
    return limit;
}

base::Expected<RunResult, RunError> run_path(const Options& options) {
    Shared shared;
    shared.budget = budget_of(options);
    const PathLoad load{
        .operation = options.command == Command::head ? Operation::head : Operation::get,
        .path = options.path};
    return measure(options, shared, [&](unsigned) { return make_path_script(load, shared); });
}

base::Expected<RunResult, RunError> run_multipart(const Options& options,
                                                  std::uint64_t object_bytes) {
    const auto body_of = [&](std::uint64_t bytes) {
        return std::make_unique<Body>(
            BodyOptions{.bytes = bytes, .payload = options.payload, .checksum = options.checksum});
    };
    const auto part = body_of(options.part_bytes);
    const auto rest = object_bytes % options.part_bytes;
    const auto last = rest == 0 ? nullptr : body_of(rest);
    const bool trailer = options.payload == Payload::trailer;
    const MultipartLoad load{
        .keys = {options.bucket, fmt::format("{}-{}-", options.prefix, object_bytes),
                 options.objects},
        .part = part.get(),
        .last_part = last.get(),
        .full_parts = object_bytes / options.part_bytes,
        .checksum_algorithm = trailer ? std::string(model::name(options.checksum)) : std::string()};
    Shared shared;
    shared.budget = budget_of(options);
    return measure(options, shared, [&](unsigned) { return make_multipart_script(load, shared); });
}

}  // namespace

base::Expected<void, RunError> ensure_bucket(const Options& options) {
    constexpr int conflict = 409;  // it exists, and is ours
    Options one = options;
    one.connections = 1;
    SingleRequest create;
    create.request.method = "PUT";
    create.request.path = '/' + options.bucket;
    create.request.capture_bytes_max = 4096;
    Crew crew(one, [&](unsigned) { return make_single_script(create); });
    crew.start(false);
    crew.wait();
    crew.join();
    if (create.status / 100 == 2 ||
        (create.status == conflict && create.body.find("OwnedByYou") != std::string::npos))
        return {};
    if (create.status == 0) return RunError{"no answer from http://" + options.host};
    return RunError{fmt::format("creating the bucket: {} {}", create.status, create.body)};
}

base::Expected<RunResult, RunError> run(const Options& options, std::uint64_t object_bytes) {
    if (options.plain) return run_path(options);
    if (options.command == Command::multipart) {
        auto result = run_multipart(options, object_bytes);
        if (result) result->object_bytes = object_bytes;
        return result;
    }
    const auto mix = mix_of(options);
    // What is only compared with answers needs no hash.
    const bool sends = options.prepare || mix.put != 0;
    const Body body(BodyOptions{.bytes = object_bytes,
                                .payload = sends ? options.payload : Payload::unsigned_,
                                .checksum = options.checksum});
    ObjectLoad load{.keys = {options.bucket, fmt::format("{}-{}-", options.prefix, object_bytes),
                             options.objects},
                    .mix = mix,
                    .body = &body,
                    .verify = options.verify,
                    .list_keys_max = options.page_keys};
    const bool reads = load.mix.put == 0 || options.command == Command::mixed;
    if (options.prepare && reads)
        if (auto prepared = prepare(options, load); !prepared) return std::move(prepared).error();
    Shared shared;
    shared.budget = budget_of(options);
    auto result =
        measure(options, shared, [&](unsigned i) { return make_object_script(load, shared, i); });
    if (result) result->object_bytes = object_bytes;
    return result;
}

}  // namespace holdfast::bench
