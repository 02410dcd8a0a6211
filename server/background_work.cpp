#include "server/background_work.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace holdfast::server {

namespace {

storage::workers::ReclaimerOptions reclaimer_options(std::chrono::milliseconds completion_memory) {
    storage::workers::ReclaimerOptions options;
    options.completion_memory = completion_memory;
    return options;
}

}  // namespace

BackgroundWork::BackgroundWork(storage::catalog::Store& store, storage::catalog::Buckets& buckets,
                               storage::catalog::Uploads& uploads,
                               std::chrono::milliseconds completion_memory)
    : reclaimer_(loop_.get_executor(), store, buckets, uploads,
                 reclaimer_options(completion_memory)) {
    base::asio::co_spawn(loop_, reclaimer_.run(), base::asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
}

BackgroundWork::~BackgroundWork() {
    stop();
}

void BackgroundWork::stop() {
    if (!thread_.joinable()) return;
    // The loop ends when the last thing on it did.
    base::asio::co_spawn(loop_, reclaimer_.stop(), [this](std::exception_ptr) { work_.reset(); });
    thread_.join();
}

}  // namespace holdfast::server
