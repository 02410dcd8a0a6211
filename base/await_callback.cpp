#include "base/await_callback.h"

#include <boost/asio/post.hpp>
namespace holdfast::base {

struct Wait::Resumption {
    using allocator_type = OperationMemory::Allocator<void>;

    [[nodiscard]] allocator_type get_allocator() const { return wait->memory_.allocator(); }
    void operator()() const {
        // The coroutine may end, and the wait with it, before the handler returns.
        auto handler = *std::exchange(wait->handler_, std::nullopt);
        handler();
    }

    std::shared_ptr<Wait> wait;
};

void Wait::resume(const std::shared_ptr<Wait>& wait) noexcept {
    asio::post(wait->executor_, Resumption{wait});
}

}  // namespace holdfast::base
