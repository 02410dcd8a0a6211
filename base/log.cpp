#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <shared_mutex>
#include <system_error>
#include <thread>

#include "base/log_line.h"
#include "base/log_writer.h"
#include "base/metrics.h"

namespace holdfast::base::log {

namespace {

constexpr std::chrono::milliseconds last_line_patience{500};

struct State {
    std::atomic<Level> level{Level::info};
    std::atomic<bool> json{::isatty(STDERR_FILENO) == 0};
    std::shared_mutex mutex;  ///< guards which writer there is
    std::unique_ptr<Writer> writer;
    std::mutex direct;  ///< keeps lines whole that are written without a writer
    prometheus::Counter& lost =
        metrics::counter("holdfast_log_lines_lost_total", "Lines of the log that were not written.",
                         {{"reason", "memory"}});
};

// Never destroyed: threads may still log while the process ends.
State& state() {
    static auto* const instance = new State;
    return *instance;
}

bool wants_json(const Options& options) {
    if (options.format != Format::automatic) return options.format == Format::json;
    return !options.file.empty() || ::isatty(STDERR_FILENO) == 0;
}

std::string line_of(Level level, std::string_view event, std::initializer_list<Field> fields) {
    const Event described{SystemClock().wall(), level, event, fields};
    return state().json ? json_line(described) : human_line(described);
}

std::string dropped_notice(std::uint64_t lines) {
    return line_of(Level::warning, "log.dropped", {{"lines", lines}});
}

std::string not_opened_notice(const std::string& path, int code) {
    return line_of(Level::error, "log.not_opened",
                   {{"path", path}, {"error", std::generic_category().message(code)}});
}

bool write_direct(const std::string& line) {
    const std::lock_guard whole(state().direct);
    return LineSink().write(line);
}

void push(std::string line) {
    const std::shared_lock lock(state().mutex);
    if (state().writer) return state().writer->push(std::move(line));
    // Nobody is left to be told when standard error itself fails.
    static_cast<void>(write_direct(line));
}

std::unique_ptr<Writer> take_writer() {
    const std::unique_lock lock(state().mutex);
    return std::move(state().writer);
}

bool end_with(std::string line) {
    const auto writer = take_writer();
    if (!writer) return write_direct(line);
    writer->push(std::move(line));
    return writer->finish();
}

}  // namespace

void start(const Options& options) {
    stop();
    state().level = options.level;
    state().json = wants_json(options);
    const std::unique_lock lock(state().mutex);
    state().writer =
        std::make_unique<Writer>(options.file, Writer::Notices{dropped_notice, not_opened_notice});
}

void reopen() {
    const std::shared_lock lock(state().mutex);
    if (state().writer) state().writer->reopen();
}

void stop() {
    take_writer().reset();
}

bool enabled(Level level) {
    return level >= state().level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    try {
        push(line_of(level, event, fields));
    } catch (const std::bad_alloc&) {
        state().lost.Increment();
    }
}

/// On a thread of its own: the caller may be inside the log.
bool write_last(std::string_view event, std::initializer_list<Field> fields) {
    const auto written = std::make_shared<std::promise<bool>>();
    auto done = written->get_future();
    std::thread([written, line = line_of(Level::error, event, fields)]() mutable {
        try {
            written->set_value(end_with(std::move(line)));
        } catch (const std::exception&) {
            written->set_value(false);
        }
    }).detach();
    return done.wait_for(last_line_patience) == std::future_status::ready && done.get();
}

}  // namespace holdfast::base::log
