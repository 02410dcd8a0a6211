#include "server/disk_inquiry.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

namespace holdfast::server {

namespace asio = boost::asio;

namespace {

using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, base::IoExecutor>;

DiskFigures look_at(base::Vfs& vfs, const std::string& directory) {
    const auto names = vfs.list(directory + "/segments");
    return {vfs.space(directory), names ? names->size() : 0};
}

}  // namespace

/// Touched on the loop only; the thread that asks carries it back there.
struct DiskInquiry::Question {
    Question(const base::IoExecutor& executor, std::chrono::milliseconds patience)
        : over(executor, patience) {}

    Timer over;  ///< all who ask wait for it
    std::optional<DiskFigures> figures;
};

DiskInquiry::DiskInquiry(base::WorkerPool& pool, base::Vfs& vfs, std::string directory,
                         std::chrono::milliseconds patience)
    : pool_(pool), vfs_(vfs), directory_(std::move(directory)), patience_(patience) {}

std::shared_ptr<DiskInquiry::Question> DiskInquiry::begin(const base::IoExecutor& executor) {
    auto question = std::make_shared<Question>(executor, patience_);
    pool_.post([&vfs = vfs_, directory = directory_, executor, asked = question]() mutable {
        auto found = std::make_shared<DiskFigures>(look_at(vfs, directory));
        asio::post(executor, [question = std::move(asked), found] {
            question->figures = std::move(*found);
            question->over.cancel();
        });
    });
    return question;
}

base::Awaitable<std::optional<DiskFigures>> DiskInquiry::ask() {
    const auto executor = co_await asio::this_coro::executor;
    // An answered question is out of date; one that is not is still with the disk.
    if (!last_ || last_->figures) last_ = begin(executor);
    const auto question = last_;
    co_await question->over.async_wait(asio::as_tuple(base::use_awaitable));
    co_return question->figures;
}

}  // namespace holdfast::server
