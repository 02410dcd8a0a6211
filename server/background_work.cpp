#include "server/background_work.h"

#include <boost/asio/post.hpp>
#include <exception>

#include "base/last_words.h"
#include "base/spawn.h"

namespace holdfast::server {

namespace {

storage::workers::ReclaimerOptions with_condition(storage::workers::ReclaimerOptions options,
                                                  const storage::Upkeep* upkeep) {
    if (upkeep != nullptr)
        options.may_release = [upkeep] { return upkeep->condition().writable(); };
    return options;
}

}  // namespace

BackgroundWork::BackgroundWork(storage::catalog::Store& store, storage::catalog::Buckets& buckets,
                               storage::catalog::Uploads& uploads, storage::Upkeep* upkeep,
                               const BackgroundOptions& options)
    : reclaimer_(loop_.get_executor(), store, buckets, uploads,
                 with_condition(options.reclaimer, upkeep)) {
    base::spawn(loop_, reclaimer_.run());
    if (upkeep != nullptr) {
        collector_ = std::make_unique<storage::workers::OrphanCollector>(
            loop_.get_executor(), store, *upkeep, options.collector);
        scrubber_ = std::make_unique<storage::workers::Scrubber>(
            loop_.get_executor(), store, buckets, *upkeep, options.scrubber);
        base::spawn(loop_, collector_->run());
        base::spawn(loop_, scrubber_->run());
    }
    thread_ = std::thread([this] { loop_.run(); });
}

BackgroundWork::~BackgroundWork() {
    stop();
}

void BackgroundWork::stop() {
    if (!thread_.joinable()) return;
    // The loop ends when the last thing on it did.
    base::spawn(loop_, stop_all(), [this](const std::exception_ptr& thrown) {
        base::or_crash(thrown);
        work_.reset();
    });
    thread_.join();
}

void BackgroundWork::request_sweep() {
    base::asio::post(loop_, [this] { reclaimer_.request_sweep(); });
}

base::Awaitable<void> BackgroundWork::stop_all() {
    // The collector first: what it merges keeps the scrub waiting.
    if (collector_) co_await collector_->stop();
    if (scrubber_) co_await scrubber_->stop();
    co_await reclaimer_.stop();
}

}  // namespace holdfast::server
