/// Hashes the pieces of many uploads together: while one batch is under way the next one gathers,
/// so the more uploads there are, the fewer processor seconds each byte costs.
///
/// threads: any; it has some of its own. source: docs/architecture.md, section 5.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "storage/checksum/md5_lanes.h"

namespace holdfast::storage::checksum {

class Md5Hasher {
public:
    /// A piece that was handed over.
    class Ticket {
    public:
        [[nodiscard]] bool done() const;
        /// Calls `resume` once the piece is hashed: at once if it is, else on a hasher's thread. It
        /// must not throw. Call at most once.
        void when_done(std::function<void()> resume);

    private:
        friend class Md5Hasher;
        void finish();

        mutable std::mutex mutex_;
        bool done_ = false;
        std::function<void()> resume_;
    };

    /// Starts a thread. May throw std::system_error.
    using StartThread = std::function<std::thread(std::function<void()> body)>;
    static std::thread start_thread(std::function<void()> body) {
        return std::thread(std::move(body));
    }

    /// errors: std::system_error when one of the threads cannot be started; none is left then.
    explicit Md5Hasher(std::size_t threads, const StartThread& start = start_thread);
    /// Hashes what is left.
    ~Md5Hasher();
    Md5Hasher(const Md5Hasher&) = delete;
    Md5Hasher& operator=(const Md5Hasher&) = delete;

    /// Bytes of pieces that are worth the way to another thread and back.
    static constexpr std::size_t piece_bytes_min = 64 * 1024;
    /// Whether this processor gains anything.
    static bool useful() { return md5_lane_count() > 1; }

    /// `keep` is what the stream and the bytes live in. REQUIRES: the stream's piece before was
    /// hashed.
    std::shared_ptr<Ticket> add(const Md5Piece& piece, std::shared_ptr<const void> keep);

private:
    struct Job {
        Md5Piece piece;
        std::shared_ptr<const void> keep;
        std::shared_ptr<Ticket> ticket;
    };
    /// In place, because a thread whose allocation fails would have nobody to tell.
    struct Batch {
        std::array<Job, md5_lanes_max> jobs;
        std::size_t size = 0;
    };
    void start_threads(std::size_t count, const StartThread& start);
    void end();
    void run() noexcept;
    /// At most as many as there are lanes; none when it is time to end.
    void take(Batch& batch);
    static void hash(Batch& batch);

    std::mutex mutex_;
    std::condition_variable something_to_do_;
    std::deque<Job> queue_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace holdfast::storage::checksum
