/// Asks the disk of the data directory how it stands, one question at a time: a disk that hangs
/// keeps one thread busy, however often it is asked about.
///
/// Who asks while a question is under way gets the answer to that one; once that one has waited for
/// its whole patience, nothing at once, until the disk answers it. threads: one event loop, whose
/// executor outlives the pool's threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "base/vfs.h"
#include "base/worker_pool.h"

namespace holdfast::server {

/// What only the disk knows.
struct DiskFigures {
    base::IoResult<base::FsSpace> space;
    base::IoResult<std::size_t> segments;
};

class DiskInquiry {
public:
    /// The pool and the file system outlive the loop that asks.
    DiskInquiry(base::WorkerPool& pool, base::Vfs& vfs, std::string directory,
                std::chrono::milliseconds patience);

    /// Nothing when the disk does not say in time. What asking throws is thrown here.
    base::Awaitable<std::optional<DiskFigures>> ask();

private:
    struct Question;
    struct Answer;
    std::shared_ptr<Question> begin(const base::IoExecutor& executor);

    base::WorkerPool& pool_;
    base::Vfs& vfs_;
    const std::string directory_;
    const std::chrono::milliseconds patience_;
    std::shared_ptr<Question> last_;  ///< null before the first
};

}  // namespace holdfast::server
