/// The one coroutine type of the product. A concrete executor instead of asio's type-erased one:
/// the erased executor's copies were the second largest user-space cost in profiles of a tiny
/// request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace holdfast::base {

namespace asio = boost::asio;

using IoExecutor = asio::io_context::executor_type;

/// A coroutine that runs on one event loop (one thread) from start to end, whatever it awaits.
template <class T>
using Awaitable = asio::awaitable<T, IoExecutor>;

inline constexpr asio::use_awaitable_t<IoExecutor> use_awaitable{};

}  // namespace holdfast::base
