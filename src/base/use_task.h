#pragma once

#include <boost/asio/use_awaitable.hpp>

#include "base/task.h"

namespace standin {

/// Makes an operation of Asio one that a Task awaits.
constexpr boost::asio::use_awaitable_t<Executor> use_task;

}  // namespace standin
