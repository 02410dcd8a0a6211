#include "base/log_writer.h"

#include <signal.h>

#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

#include "base/limits.h"
#include "base/metrics.h"

namespace holdfast::base::log {

namespace {

constexpr std::size_t queued_lines_max = 16'384;
constexpr std::size_t queued_bytes_max = 4 * MiB;

/// Lines gather this long before they are written together: waking the thread for each of them cost
/// a busy server more than a tenth of its time.
constexpr std::chrono::milliseconds gather_time{5};

prometheus::Counter& lost_lines(const char* reason) {
    return metrics::counter("holdfast_log_lines_lost_total",
                            "Lines of the log that were not written.", {{"reason", reason}});
}

/// Signals are for the threads that serve; a thread inherits the mask of the one that starts it.
class AllSignalsBlocked {
public:
    AllSignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

void LineQueue::push(std::string line) {
    const auto bytes = line.size();
    batch_.lines.push_back(std::move(line));
    bytes_ += bytes;
    while (batch_.lines.size() > lines_max_ || (bytes_ > bytes_max_ && batch_.lines.size() > 1)) {
        bytes_ -= batch_.lines.front().size();
        batch_.lines.pop_front();
        ++batch_.dropped;
    }
}

LineQueue::Batch LineQueue::take() {
    auto taken = std::exchange(batch_, {});  // which may throw
    bytes_ = 0;
    return taken;
}

int LineSink::open(const std::string& path) {
    std::FILE* const file = std::fopen(path.c_str(), "ae");
    if (file == nullptr) return errno;
    file_.reset(file);
    return 0;
}

bool LineSink::write(const std::string& text) {
    std::FILE* const to = file_ ? file_.get() : stderr;
    const bool written = std::fwrite(text.data(), 1, text.size(), to) == text.size();
    return std::fflush(to) == 0 && written;
}

Writer::Writer(std::string path, Notices notices)
    : path_(std::move(path)),
      notices_(std::move(notices)),
      without_memory_(lost_lines("memory")),
      queue_(queued_lines_max, queued_bytes_max) {
    open();
    const AllSignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
}

bool Writer::finish() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    return written_;
}

void Writer::push(std::string line) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = queue_.empty();
        queue_.push(std::move(line));
    }
    if (first) wake_.notify_one();
}

void Writer::reopen() {
    {
        const std::lock_guard lock(mutex_);
        reopen_ = true;
    }
    wake_.notify_one();
}

void Writer::run() {
    for (;;) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stop_ || reopen_ || !queue_.empty(); });
        wake_.wait_for(lock, gather_time, [this] { return stop_ || reopen_; });
        if (stop_ && queue_.empty()) return;
        try {
            write_queued(lock);
        } catch (const std::bad_alloc&) {
            // What was not taken off the queue has its turn when there is memory again.
            if (!lock) lock.lock();
            if (stop_) return;
        }
    }
}

void Writer::write_queued(std::unique_lock<std::mutex>& lock) {
    const LineQueue::Batch batch = queue_.take();
    const bool reopen = std::exchange(reopen_, false);
    lock.unlock();
    try {
        if (reopen) open();
        write(batch);
    } catch (const std::bad_alloc&) {
        written_ = false;
        without_memory_.Increment(static_cast<double>(batch.lines.size()));
    }
}

void Writer::open() {
    if (path_.empty()) return;
    const int code = sink_.open(path_);
    // Said where lines still go to: the old file, or standard error at the start.
    if (code != 0 && !sink_.write(notices_.not_opened(path_, code)))
        lost_lines("write_failed").Increment();
}

void Writer::write(const LineQueue::Batch& batch) {
    std::string text;
    if (batch.dropped != 0) {
        lost_lines("queue_full").Increment(static_cast<double>(batch.dropped));
        text = notices_.dropped(batch.dropped);
    }
    for (const std::string& line : batch.lines) text += line;
    if (text.empty()) return;
    written_ = sink_.write(text);
    if (!written_) lost_lines("write_failed").Increment(static_cast<double>(batch.lines.size()));
}

}  // namespace holdfast::base::log
