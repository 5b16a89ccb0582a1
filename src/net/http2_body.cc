#include "net/http2_body.h"

#include <nghttp2/nghttp2.h>

#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "base/use_task.h"
#include "net/asio_clock.h"

namespace standin {

/// The waiting coroutine alone owns the timer, because a timer must not outlive its loop.
Task<> Http2Bell::wait() {
  const Executor executor = co_await this_executor();
  const auto timer = std::make_shared<SteadyTimer>(executor, Instant::max());
  waiting_ = timer;
  ErrorCode ignored;
  co_await timer->async_wait(boost::asio::redirect_error(use_task, ignored));
}

void Http2Bell::ring() {
  if (const auto timer = waiting_.lock()) timer->cancel();
}

Http2Body::Http2Body(std::shared_ptr<Http2Wire> wire, std::int32_t stream, std::uint64_t bytes_max, BodyPace pace)
    : wire_(std::move(wire)), stream_(stream), bytes_max_(bytes_max), pace_(pace) {}

/// What nobody has read, or will ask for no more, counts as the connection's still.
Http2Body::~Http2Body() { open_window(arrived_.size() + handed_out_.size()); }

Task<BodySource::Piece> Http2Body::next() {
  open_window(handed_out_.size());
  handed_out_.clear();
  while (arrived_.empty() && !complete_ && !failure_) {
    if (auto call = std::exchange(invite_, nullptr)) call();
    const Instant since = steady_now();
    due_ = since + pace_.left(bytes_);
    wire_->wake();
    co_await bell_.wait();
    pace_.waited(steady_now() - since);
  }
  due_ = Instant::max();
  if (failure_) co_return std::unexpected(*failure_);
  handed_out_.swap(arrived_);
  co_return handed_out_;
}

void Http2Body::received(std::string_view bytes) {
  bytes_ += bytes.size();
  if (!failure_ && bytes_ > bytes_max_) fail({413, "the body is too large"});
  if (failure_) return open_window(bytes.size());
  arrived_.append(bytes);
  bell_.ring();
}

void Http2Body::end() {
  complete_ = !failure_;
  bell_.ring();
}

void Http2Body::fail(FramingRefusal why) {
  if (complete_ || failure_) return;
  failure_ = why;
  invite_ = nullptr;
  due_ = Instant::max();
  open_window(std::exchange(arrived_, {}).size());
  bell_.ring();
}

std::string Http2Body::take() {
  open_window(arrived_.size());
  return std::exchange(arrived_, {});
}

/// The stream's, and the connection's, which all of its bodies share.
void Http2Body::open_window(std::size_t bytes) {
  if (wire_->frames == nullptr || bytes == 0) return;
  nghttp2_session_consume(wire_->frames, stream_, bytes);
  wire_->wake();
}

}  // namespace standin
