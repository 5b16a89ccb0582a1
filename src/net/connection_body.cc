#include "net/connection_body.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "net/asio_clock.h"
#include "net/net_limits.h"

namespace standin {

namespace asio = boost::asio;

Duration BodyPace::left(std::uint64_t bytes) const {
  if (bytes_per_second_ == 0) return patience_;
  const std::chrono::duration<double> earned(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
  if (earned > patience_ + waited_) return patience_;
  return std::min(patience_, patience_ + std::chrono::duration_cast<Duration>(earned) - waited_);
}

Task<BodySource::Piece> ConnectionBody::next() {
  begun_ = true;
  if (Event* const other = over_ ? other_direction() : nullptr) co_await other->wait();
  while (!over_ && !failure_) {
    const std::string_view piece = take_piece();
    if (!piece.empty()) co_return piece;
    if (over_ || failure_) break;
    const bool turn_is_over = bytes_ - bytes_before_turn_ >= limits::stream_turn;
    ErrorCode error = connection_->listening() || turn_is_over ? asio::error::would_block : connection_->read_now();
    if (error == asio::error::would_block) {
      bytes_before_turn_ = bytes_;
      const Instant since = steady_now();
      connection_->set_deadline(since + patience());
      if (!connection_->listening()) connection_->listen();
      error = co_await connection_->heard();
      waited(steady_now() - since);
    }
    if (error && !failure_) end_with(error);
  }
  if (failure_) co_return std::unexpected(*failure_);
  co_return std::string_view();
}

/// Of what has arrived; empty if that is used up. The view holds until the connection is read again.
std::string_view ConnectionBody::take_piece() {
  std::string_view bytes = connection_->buffer().bytes();
  if (bytes.empty()) return {};
  const std::size_t offered = bytes.size();
  std::string_view piece;
  const Reading reading = take(bytes, piece);
  connection_->buffer().consume(offered - bytes.size());
  if (reading == Reading::refused) failure_ = refusal();
  over_ = reading == Reading::complete;
  bytes_ += piece.size();
  return piece;
}

void ConnectionBody::end_with(const ErrorCode& error) {
  failure_ = ended(error);
  over_ = !failure_;
}

IncomingBody::IncomingBody(Parts parts)
    : ConnectionBody(std::move(parts.connection)),
      reader_(&parts.reader),
      pace_(parts.pace),
      raw_(parts.raw),
      invite_(std::move(parts.invite)) {}

void IncomingBody::detach() {
  if (!over() && !failure()) fail(client_left);
  connection_->stop_waiting();
}

Reading IncomingBody::take(std::string_view& input, std::string_view& piece) {
  if (!raw_) return reader_->read_piece(input, piece);
  piece = std::exchange(input, {});
  return Reading::more;
}

Duration IncomingBody::patience() {
  if (auto invite = std::exchange(invite_, nullptr)) invite();
  return pace_.left(bytes());
}

std::optional<FramingRefusal> IncomingBody::ended(const ErrorCode& error) {
  if (error == asio::error::timed_out) return FramingRefusal{408, "the request did not arrive in time"};
  if (raw_ && error == asio::error::eof) return std::nullopt;
  return client_left;
}

}  // namespace standin
