#include "base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "base/result.h"

namespace standin {

void spawn(const Executor& executor, Task<> task) {
  boost::asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      ensure(false, e.what());
    }
  });
}

Task<Executor> this_executor() {
  const Executor executor = co_await boost::asio::this_coro::executor;
  co_return executor;
}

}  // namespace standin
