#include "storage/checksum/md5_hasher.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

#include "base/metrics.h"

namespace holdfast::storage::checksum {

namespace {

struct Metrics {
    prometheus::Counter& batches =
        base::metrics::counter("holdfast_md5_batches_total",
                               "Groups of pieces of uploads whose MD5 was computed together.");
    prometheus::Counter& pieces = base::metrics::counter(
        "holdfast_md5_pieces_total", "Pieces of uploads whose MD5 was computed in such groups.");
};

Metrics& metrics() {
    static Metrics all;
    return all;
}

}  // namespace

bool Md5Hasher::Ticket::done() const {
    const std::lock_guard lock(mutex_);
    return done_;
}

void Md5Hasher::Ticket::when_done(std::function<void()> resume) {
    {
        const std::lock_guard lock(mutex_);
        if (!done_) {
            resume_ = std::move(resume);
            return;
        }
    }
    resume();
}

void Md5Hasher::Ticket::finish() {
    std::function<void()> resume;
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
        resume = std::exchange(resume_, {});
    }
    if (resume) resume();
}

Md5Hasher::Md5Hasher(std::size_t threads, const StartThread& start) {
    metrics();
    try {
        start_threads(std::max<std::size_t>(threads, 1), start);
    } catch (...) {
        end();
        throw;
    }
}

Md5Hasher::~Md5Hasher() {
    end();
}

void Md5Hasher::start_threads(std::size_t count, const StartThread& start) {
    threads_.reserve(count);
    while (threads_.size() < count) {
        try {
            threads_.push_back(start([this] { run(); }));
        } catch (const std::system_error& error) {
            throw std::system_error(error.code(),
                                    fmt::format("thread {} of {} for MD5 cannot be started",
                                                threads_.size() + 1, count));
        }
    }
}

void Md5Hasher::end() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    something_to_do_.notify_all();
    for (auto& thread : threads_) thread.join();
}

std::shared_ptr<Md5Hasher::Ticket> Md5Hasher::add(const Md5Piece& piece,
                                                  std::shared_ptr<const void> keep) {
    auto ticket = std::make_shared<Ticket>();
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back({piece, std::move(keep), ticket});
    }
    something_to_do_.notify_one();
    return ticket;
}

void Md5Hasher::take(Batch& batch) {
    batch.size = 0;
    std::unique_lock lock(mutex_);
    something_to_do_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    while (!queue_.empty() && batch.size < md5_lane_count()) {
        batch.jobs[batch.size++] = std::move(queue_.front());
        queue_.pop_front();
    }
}

void Md5Hasher::hash(Batch& batch) {
    std::array<Md5Piece, md5_lanes_max> pieces;
    for (std::size_t i = 0; i < batch.size; ++i) pieces[i] = batch.jobs[i].piece;
    md5_update_together(std::span(pieces).first(batch.size));
    metrics().batches.Increment();
    metrics().pieces.Increment(static_cast<double>(batch.size));
    for (auto& job : std::span(batch.jobs).first(batch.size)) {
        job.keep.reset();
        std::exchange(job.ticket, nullptr)->finish();
    }
}

void Md5Hasher::run() noexcept {
    Batch batch;
    for (take(batch); batch.size > 0; take(batch)) hash(batch);
}

}  // namespace holdfast::storage::checksum
