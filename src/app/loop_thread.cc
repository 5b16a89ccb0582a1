#include "app/loop_thread.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

namespace standin {

struct LoopThread::State {
  explicit State(std::string thread_name) : name(std::move(thread_name)), guard(context.get_executor()) {}

  std::string name;
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<Executor> guard;
  std::thread thread;
};

LoopThread::LoopThread(std::string name) : state_(std::make_unique<State>(std::move(name))) {}

LoopThread::~LoopThread() { stop(); }

Executor LoopThread::executor() const { return state_->context.get_executor(); }

void LoopThread::start() {
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
  pthread_setname_np(state_->thread.native_handle(), state_->name.substr(0, 15).c_str());
}

void LoopThread::post(std::move_only_function<void()> work) {
  boost::asio::post(state_->context, [work = std::move(work)]() mutable { work(); });
}

void LoopThread::post_and_wait(std::move_only_function<void()> work) {
  std::promise<void> done;
  post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void LoopThread::stop() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace standin
