#include "storage/checksum/md5_hasher.h"

#include <algorithm>
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

Md5Hasher::Md5Hasher(std::size_t threads) {
    metrics();
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
        threads_.emplace_back([this] { run(); });
}

Md5Hasher::~Md5Hasher() {
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

void Md5Hasher::take_batch(std::vector<Job>& batch) {
    batch.clear();
    std::unique_lock lock(mutex_);
    something_to_do_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    while (!queue_.empty() && batch.size() < md5_lane_count()) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
}

void Md5Hasher::run() {
    // No allocation later on: there would be nobody to tell that it failed.
    std::vector<Job> batch;
    std::vector<Md5Piece> pieces;
    batch.reserve(md5_lane_count());
    pieces.reserve(md5_lane_count());
    for (;;) {
        take_batch(batch);
        if (batch.empty()) return;
        pieces.clear();
        for (const auto& job : batch) pieces.push_back(job.piece);
        md5_update_together(pieces);
        metrics().batches.Increment();
        metrics().pieces.Increment(static_cast<double>(batch.size()));
        for (auto& job : batch) {
            job.keep.reset();
            job.ticket->finish();
        }
    }
}

}  // namespace holdfast::storage::checksum
