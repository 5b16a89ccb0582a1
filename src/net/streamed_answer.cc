#include "net/streamed_answer.h"

#include <boost/asio/error.hpp>
#include <tuple>
#include <utility>

#include "net/asio_clock.h"
#include "net/head.h"
#include "net/net_limits.h"

namespace standin {

namespace asio = boost::asio;

Upload::Upload(std::shared_ptr<Connection> connection, std::shared_ptr<BodySource> source, Framing framing)
    : connection_(std::move(connection)), source_(std::move(source)), framing_(framing) {}

void Upload::allow(Duration between_pieces, Duration after_end) {
  between_pieces_ = between_pieces;
  after_end_ = after_end;
}

Task<> Upload::run(std::shared_ptr<Upload> self) {
  co_await self->send_all();
  self->source_.reset();
  self->ended_.set();
}

/// When the upstream takes no more, its answer may still come. When the client sends no more, there is none to wait
/// for, and nothing that the upstream could take for the body's end.
Task<> Upload::send_all() {
  while (!stopped_) {
    const auto piece = co_await source_->next();
    if (stopped_) co_return;
    if (!piece) {
      connection_->close();
      co_return;
    }
    const bool last = piece->empty();
    const ErrorCode error = co_await send(*piece);
    if (error) co_return;
    if (last) {
      whole_ = true;
      connection_->set_deadline(steady_now() + after_end_);
      co_return;
    }
  }
}

Task<ErrorCode> Upload::send(std::string_view piece) {
  if (framing_ == Framing::tunnel && piece.empty()) connection_->end_sending();
  std::string frame;
  if (framing_ == Framing::chunked) append_chunk_head(frame, piece.size());
  Outgoing out(frame, piece, framing_ == Framing::chunked ? "\r\n" : "");
  connection_->set_deadline(steady_now() + between_pieces_);
  ErrorCode error = connection_->write_now(out);
  if (error == asio::error::would_block) error = co_await connection_->write_rest(out);
  co_return error;
}

StreamedAnswer::StreamedAnswer(Parts parts) : ConnectionBody(parts.connection), parts_(std::move(parts)) {
  connection_->buffer().resize(limits::stream_buffer);
  // An end or an error is met again, and cuts a stated length short.
  if (parts_.reader.body_length() && connection_->has_more()) std::ignore = connection_->read_now();
}

StreamedAnswer::~StreamedAnswer() {
  if (parts_.upload) parts_.upload->stop();
  const bool reusable = over() && !parts_.tunnel && (!parts_.upload || parts_.upload->whole()) &&
                        parts_.reader.keep_alive() && connection_->buffer().bytes().empty();
  if (reusable) {
    connection_->buffer().resize(0);
    parts_.give_back(connection_);
  } else {
    connection_->close();
  }
}

Reading StreamedAnswer::take(std::string_view& input, std::string_view& piece) {
  return parts_.reader.read_piece(input, piece);
}

std::optional<FramingRefusal> StreamedAnswer::ended(const ErrorCode& error) {
  if (error == asio::error::timed_out) return FramingRefusal{504, "no more of the answer came in time"};
  if (error == asio::error::eof && parts_.reader.finish() == Reading::complete) return std::nullopt;
  return FramingRefusal{502, "the answer is cut short"};
}

}  // namespace standin
