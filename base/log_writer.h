/// The bounded queue of finished log lines and the thread that writes them.
///
/// Own code instead of spdlog's asynchronous logger, which bounds the number of its messages but
/// not their bytes, and makes a system call for each line. threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"

namespace holdfast::base::log {

/// Lines that wait for the writer; the oldest make room when there are too many.
class LineQueue {
public:
    LineQueue(std::size_t lines_max, std::size_t bytes_max)
        : lines_max_(lines_max), bytes_max_(bytes_max) {}

    void push(std::string line);
    /// All lines, oldest first, and how many were dropped since the last call.
    struct Batch {
        std::deque<std::string> lines;
        std::uint64_t dropped = 0;
    };
    Batch take();
    [[nodiscard]] bool empty() const { return batch_.lines.empty(); }

private:
    std::size_t lines_max_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    Batch batch_;
};

/// Where lines go: a file that is appended to, or standard error.
class LineSink {
public:
    LineSink() = default;
    /// 0, or the errno with which the file could not be opened; the sink then stays as it was.
    int open(const std::string& path);
    /// False when not everything could be written.
    bool write(const std::string& text);

private:
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Closer> file_;  ///< null: standard error
};

class Writer {
public:
    /// Makes the lines that the writer itself has to say.
    struct Notices {
        std::function<std::string(std::uint64_t lines)> dropped;
        std::function<std::string(const std::string& path, int code)> not_opened;
    };

    /// Lines reach `path` (empty: standard error) from a thread of its own.
    Writer(std::string path, Notices notices);
    ~Writer() { finish(); }
    /// Writes what is queued, then ends the thread. Whether the last of it was written.
    bool finish();

    void push(std::string line);
    /// The thread opens the path again before it writes on.
    void reopen();

private:
    void run();
    void write_queued(std::unique_lock<std::mutex>& lock);
    void open();
    void write(const LineQueue::Batch& batch);

    const std::string path_;
    const Notices notices_;
    prometheus::Counter& without_memory_;
    LineSink sink_;        ///< the thread's own, as what follows
    bool written_ = true;  ///< the last lines that there were
    std::mutex mutex_;
    std::condition_variable wake_;
    LineQueue queue_;
    bool reopen_ = false;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace holdfast::base::log
