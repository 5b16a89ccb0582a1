#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace standin {

/// The executor of one thread's (or one simulated process's) event loop. Concrete on purpose: a type-erased executor
/// costs about a tenth of the CPU of a forwarded request.
using Executor = boost::asio::io_context::executor_type;

/// A coroutine of the program. `co_await` stands alone in a statement; lambdas that capture are never coroutines unless
/// handed whole to `spawn` (see docs/decisions/0002-coroutines.md).
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// Starts `task` on `executor` and lets it run on by itself. An exception that leaves it aborts the program: expected
/// failures are values.
void spawn(const Executor& executor, Task<> task);

/// The event loop that the calling coroutine runs on.
Task<Executor> this_executor();

}  // namespace standin
