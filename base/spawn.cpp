#include "base/spawn.h"

#include <boost/asio/co_spawn.hpp>
#include <utility>

namespace holdfast::base {

void spawn(const IoExecutor& executor, Awaitable<void> work, Ended ended) {
    asio::co_spawn(executor, std::move(work), std::move(ended));
}

}  // namespace holdfast::base
