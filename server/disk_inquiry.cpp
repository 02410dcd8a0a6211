#include "server/disk_inquiry.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "base/await_timer.h"
#include "base/operation_memory.h"

namespace holdfast::server {

namespace asio = boost::asio;

namespace {

using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, base::IoExecutor>;

DiskFigures look_at(base::Vfs& vfs, const std::string& directory) {
    auto names = vfs.list(directory + "/segments");
    if (!names) return {vfs.space(directory), std::move(names).error()};
    return {vfs.space(directory), names->size()};
}

}  // namespace

/// Touched on the loop only, but for what is found; the thread that asks carries it back there, for
/// which it needs no memory.
struct DiskInquiry::Question {
    Question(const base::IoExecutor& executor, std::chrono::milliseconds patience)
        : over(executor, patience) {}

    Timer over;  ///< all who ask wait for it
    bool answered = false;
    std::optional<DiskFigures> found;  ///< the thread's until it is answered, as what follows
    std::exception_ptr failure;
    base::OperationMemory way_back;
};

struct DiskInquiry::Answer {
    using allocator_type = base::OperationMemory::Allocator<void>;

    [[nodiscard]] allocator_type get_allocator() const { return question->way_back.allocator(); }
    void operator()() const {
        question->answered = true;
        question->over.cancel();
    }

    std::shared_ptr<Question> question;
};

DiskInquiry::DiskInquiry(base::WorkerPool& pool, base::Vfs& vfs, std::string directory,
                         std::chrono::milliseconds patience)
    : pool_(pool), vfs_(vfs), directory_(std::move(directory)), patience_(patience) {}

std::shared_ptr<DiskInquiry::Question> DiskInquiry::begin(const base::IoExecutor& executor) {
    auto question = std::make_shared<Question>(executor, patience_);
    pool_.post([&vfs = vfs_, directory = directory_, executor, asked = question]() mutable {
        try {
            asked->found = look_at(vfs, directory);
        } catch (...) {
            asked->failure = std::current_exception();
        }
        asio::post(executor, Answer{std::move(asked)});
    });
    return question;
}

base::Awaitable<std::optional<DiskFigures>> DiskInquiry::ask() {
    const auto executor = co_await asio::this_coro::executor;
    // An answered question is out of date; one that is not is still with the disk.
    if (!last_ || last_->answered) last_ = begin(executor);
    const auto question = last_;
    static_cast<void>(co_await base::await_timer(question->over));
    if (!question->answered) co_return std::nullopt;
    if (question->failure) std::rethrow_exception(question->failure);
    co_return question->found;
}

}  // namespace holdfast::server
