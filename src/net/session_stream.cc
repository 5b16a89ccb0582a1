#include <boost/asio/error.hpp>
#include <charconv>
#include <utility>

#include "net/asio_clock.h"
#include "net/net_limits.h"
#include "net/session.h"

// The part of Session that passes an answer on while it comes.
namespace standin {
namespace {

namespace asio = boost::asio;

std::optional<std::uint64_t> stated_length(const Response& response) {
  const auto stated = response.headers.find("Content-Length");
  if (!stated) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(stated->data(), stated->data() + stated->size(), length);
  if (error != std::errc{} || end != stated->data() + stated->size()) return std::nullopt;
  return length;
}

}  // namespace

Length Session::length_of(const Response& response) const {
  if (response.status == 101 || stated_length(response)) return Length::as_stated;
  return speaks_1_1_ ? Length::chunked : Length::until_close;
}

/// An answer that broke off is not ended as a whole one would be.
Task<Session::Next> Session::stream(Reply reply, bool close) {
  const Response& response = reply.response;
  const Length length = length_of(response);
  tunnel_ = response.status == 101;
  close = close || length == Length::until_close;
  begin_head();
  append_head(head_, response, length, close && !tunnel_);
  std::uint64_t sent = 0;
  const std::string_view cut = co_await pass_on(response, length, sent);
  if (tunnel_ && cut.empty()) {
    connection_->end_sending();
    const auto both_ended = co_await response.rest->next();
    static_cast<void>(both_ended);
  }
  if (!cut.empty() && length == Length::until_close) connection_->abort();
  reply.response.rest.reset();
  if (reply.ended) reply.ended(end_of_stream(sent, cut));
  const Next next = leave_body(close ? parting() : Next::request);
  co_return cut.empty() && !tunnel_ ? next : Next::nothing;
}

/// Writes head_ and the body, each piece when it is there, and waits for the next one only when the client has taken
/// this one. What came with the head leaves with the piece behind it, if that is here too. Who broke it off; "" for
/// nobody.
Task<std::string_view> Session::pass_on(const Response& response, Length length, std::uint64_t& sent) {
  const auto stated = tunnel_ ? std::nullopt : stated_length(response);
  std::string_view first;
  std::string_view piece = response.body;
  if (stated && response.rest->at_hand()) {
    const auto second = co_await response.rest->next();
    if (second && !second->empty()) first = std::exchange(piece, *second);
  }
  bool last = false;
  while (true) {
    if (stated && first.size() + piece.size() > *stated - sent) co_return "upstream";
    const bool chunk = length == Length::chunked && (last || !piece.empty());
    if (chunk) append_chunk_head(head_, piece.size());
    Outgoing out = chunk ? Outgoing(head_, piece, "\r\n") : Outgoing(head_, first, piece);
    ErrorCode error = connection_->write_now(out);
    if (error == asio::error::would_block) error = co_await write_rest(out);
    if (error) co_return who_broke_off();
    head_.clear();
    sent += first.size() + piece.size();
    first = {};
    if (last) co_return stated&& sent < *stated ? "upstream" : "";
    // While a request is still being read, silence ends both; else it is the upstream's alone to end.
    body_ ? connection_->set_deadline(steady_now() + limits::stream_idle) : connection_->clear_deadline();
    const auto next = co_await response.rest->next();
    if (!next) co_return body_ && body_->failure() ? who_broke_off() : "upstream";
    piece = *next;
    last = piece.empty();
  }
}

std::string_view Session::who_broke_off() const { return connection_->socket().is_open() ? "client" : "standin"; }

StreamEnd Session::end_of_stream(std::uint64_t sent, std::string_view cut) const {
  return {.received = received_ + (body_ ? body_->bytes() : 0), .sent = sent, .cut = cut};
}

/// A client that did not send its request to the end is told nothing: it may be one that only half-closed.
Session::Next Session::leave(Reply& reply) {
  if (reply.ended) reply.ended(end_of_stream(0, who_broke_off()));
  leave_body(Next::nothing);
  return Next::nothing;
}

/// The next request begins behind this one's body, if that was read.
Session::Next Session::leave_body(Next next) {
  if (!body_) return next;
  const bool unread = body_->leaves_unread();
  const int refused = body_->failure() ? body_->failure()->status : client_left.status;
  if (refused != client_left.status) sessions_->door->turn_away(reason_of(refused));
  if (!unread && !whole_) reader_.next();
  body_->detach();
  body_.reset();
  return unread ? Next::farewell : next;
}

}  // namespace standin
