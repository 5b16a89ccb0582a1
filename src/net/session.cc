#include "net/session.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include "net/acknowledged.h"
#include "net/asio_clock.h"
#include "net/head.h"
#include "net/http2_session.h"
#include "net/net_limits.h"
#include "net/proxy_protocol.h"
#include "net/tls_server.h"

namespace standin {
namespace {

namespace asio = boost::asio;

bool wants_close(const Response& response) { return lists(response.headers.find("Connection").value_or(""), "close"); }

constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";

bool without_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

Response response_to(const FramingRefusal& refusal) {
  Response response{.status = refusal.status, .headers = {}, .body = std::string(refusal.why) + "\n"};
  const auto wall = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  response.headers.add("Date", http_date(wall));
  response.headers.add("Content-Type", "text/plain");
  return response;
}

Session::Place::Place(Session& session) : session_(&session) {
  session.sessions_->open.insert(session_);
  session.sessions_->connections.fetch_add(1, std::memory_order_relaxed);
}

Session::Place::~Place() {
  if (session_ == nullptr) return;
  Sessions& sessions = *session_->sessions_;
  sessions.open.erase(session_);
  sessions.connections.fetch_sub(1, std::memory_order_relaxed);
  if (sessions.draining && sessions.open.empty()) sessions.all_closed.set();
}

Session::Session(std::shared_ptr<Sessions> sessions, std::shared_ptr<const ListenOn> listener,
                 std::shared_ptr<Connection> connection, Door::Pass pass, const SocketAddress& peer)
    : sessions_(std::move(sessions)),
      listener_(std::move(listener)),
      connection_(std::move(connection)),
      pass_(std::move(pass)),
      reader_(sessions_->limits.head, sessions_->limits.streamed_body.value_or(sessions_->limits.body)) {
  const auto address = IpAddress::of(peer.data());
  if (!address) return;
  address_ = address->text();
  from_proxy_ = sessions_->door->trusts(*address);
}

Task<> Session::run(std::shared_ptr<Session> self, Place place) {
  const Place held = std::move(place);
  const bool begun = co_await self->begin();
  Next next = begun ? Next::request : Next::nothing;
  if (self->speaks_http2_) next = Next::http2;
  while (next == Next::request) {
    const Reading reading = co_await self->receive();
    next = co_await self->serve(reading);
  }
  if (next == Next::http2) co_await self->speak_http2();
  if (next == Next::farewell) co_await self->farewell();
  self->connection_->close();
  self->unconfirmed_.clear();  // a handler that still listens for a late answer may keep the session
}

/// What comes before the first request. False if the connection is not worth going on with.
Task<bool> Session::begin() {
  if (listener_->proxy_protocol) {
    const bool learned = co_await learn_client();
    if (!learned) co_return false;
  }
  may_be_http2_ = listener_->http2 && !listener_->tls;
  if (!listener_->tls) co_return true;
  const bool agreed = co_await agree_on_tls();
  speaks_http2_ = agreed && connection_->tls()->protocol() == "h2";
  co_return agreed;
}

Task<bool> Session::agree_on_tls() {
  connection_->set_deadline(steady_now() + limits::tls_handshake);
  ErrorCode error = co_await connection_->secure(listener_->tls->session());
  // An alert says why, and is not to be lost in a reset.
  if (error == boost::system::errc::protocol_error) co_await farewell();
  opened_ = steady_now();
  co_return !error;
}

/// Of the PROXY protocol's header. What follows it is the client's.
Task<bool> Session::learn_client() {
  connection_->set_deadline(steady_now() + sessions_->limits.receive);
  ProxyHeader header;
  ErrorCode error;
  while (!error && header.reading == Reading::more) {
    awaiting_first_byte_ = connection_->buffer().bytes().empty();
    co_await connection_->read(error);
    awaiting_first_byte_ = false;
    header = read_proxy_header(connection_->buffer().bytes());
  }
  if (header.reading != Reading::complete) {
    if (!connection_->buffer().bytes().empty()) sessions_->door->turn_away(TurnedAway::proxy_header);
    co_return false;
  }
  connection_->buffer().consume(header.size);
  if (!header.client) co_return true;
  address_ = header.client->text();
  co_return pass_.name_client(*header.client);
}

void Session::wind_down() {
  if (http2_ != nullptr) return http2_->wind_down();
  if (awaiting_first_byte_ && has_answered()) connection_->socket().cancel();
  if (awaiting_first_byte_ && !has_answered()) connection_->set_deadline(opened_ + limits::linger);
  if (tunnel_) connection_->close();
}

/// What was received. Apart from receiving it, so that an idle connection does not hold the memory for this.
Task<Session::Next> Session::serve(Reading reading) {
  if (reading == Reading::more) co_return speaks_http2_ ? Next::http2 : Next::nothing;
  if (reading == Reading::refused) co_return co_await refuse();
  connection_->clear_deadline();
  if (!sessions_->turns->begin()) co_await sessions_->turns->wait(has_rested(answered_, *begun_));
  const Counted counted(sessions_->in_flight);
  Reply reply = co_await sessions_->handler(take(), shared_from_this());
  const Next next = co_await answer(reply);
  answered_ = steady_now();
  co_return next;
}

/// `complete` (also for a head whose body is to follow: then whole_ is false), `refused` with refusal_ set, or `more`
/// if the connection ended first.
Task<Reading> Session::receive() {
  begun_.reset();
  continued_ = false;
  std::string().swap(head_);  // while it idles, a connection holds as little as it can
  connection_->set_deadline(sessions_->draining ? opened_ + limits::linger : steady_now() + sessions_->limits.idle);
  while (true) {
    const Reading reading = parse();
    whole_ = reading != Reading::more;
    if (whole_ || speaks_http2_) co_return reading;
    if (streams() && (comes_in_pieces(reader_) || reader_.wants_continue())) co_return Reading::complete;
    if (reader_.wants_continue() && !std::exchange(continued_, true)) write_interim(invitation);
    ErrorCode error;
    if (sessions_->draining && !begun_ && has_answered()) {
      error = connection_->read_now();  // what has already arrived; more is not waited for
    } else {
      awaiting_first_byte_ = !begun_;
      co_await connection_->read(error);
      awaiting_first_byte_ = false;
      if (sent_away(error)) error = connection_->read_now();
    }
    if (error) co_return co_await ended(error);
    unconfirmed_.clear();
  }
}

Reading Session::parse() {
  std::string_view bytes = connection_->buffer().bytes();
  if (bytes.empty()) return Reading::more;
  const std::size_t offered = bytes.size();
  const Reading reading = awaits_preface() ? Reading::more : reader_.read(bytes);
  connection_->buffer().consume(offered - bytes.size());
  if (reading == Reading::refused) refusal_ = reader_.refusal();
  // Empty lines before a request are none of it (RFC 9112, 2.2).
  const bool begun = reading != Reading::more || reader_.begun() || (!bytes.empty() && bytes != "\r");
  if (begun && !begun_) {
    begun_ = steady_now();
    if (reading == Reading::more) connection_->set_deadline(*begun_ + sessions_->limits.receive);
  }
  return reading;
}

/// While it waited for a request, draining began.
bool Session::sent_away(ErrorCode error) const {
  return error == asio::error::operation_aborted && sessions_->draining && !begun_ && connection_->socket().is_open();
}

Task<Reading> Session::ended(ErrorCode error) {
  if (error == asio::error::timed_out && begun_) {
    refusal_ = {408, "the request did not arrive in time"};
    co_return Reading::refused;
  }
  if (unconfirmed_.empty()) co_return Reading::more;
  const bool reset = co_await was_reset(error);
  if (reset) not_delivered();
  co_return Reading::more;
}

Request Session::take() {
  speaks_1_1_ = reader_.http_1_1();
  const std::size_t requests_max = sessions_->limits.requests;
  wants_end_ = !reader_.keep_alive();
  keep_alive_ = !wants_end_ && (requests_max == 0 || ++requests_ < requests_max);
  const bool invites = reader_.wants_continue();
  std::string upgrade(streams() ? reader_.upgrade() : std::string_view());
  Request request = whole_ ? reader_.take() : reader_.take_head();
  to_head_ = request.method == "HEAD";
  received_ = request.body.size();
  request.upgrade = std::move(upgrade);
  if (whole_ && request.upgrade.empty()) return request;
  IncomingBody::Parts parts{.connection = connection_,
                            .reader = reader_,
                            .pace = whole_ ? BodyPace(limits::stream_idle, 0)
                                           : BodyPace(sessions_->limits.receive, sessions_->limits.body_rate),
                            .raw = whole_,
                            .invite = {}};
  // Sent when somebody wants the body: who is refused or cannot be served keeps it.
  if (invites) parts.invite = [this] { write_interim(invitation); };
  request.rest = body_ = std::make_shared<IncomingBody>(std::move(parts));
  return request;
}

void Session::interim(const Response& response) const {
  if (!speaks_1_1_) return;
  std::string head;
  append_head(head, response, Length::of_body, false);
  write_interim(head);
}

/// Who does not read these few bytes is not told the next ones; what was begun is ended before the final answer.
void Session::write_interim(std::string_view bytes) const {
  if (!unsent_.empty()) return;
  Outgoing out(bytes, {});
  const ErrorCode error = connection_->write_now(out);
  if (error == asio::error::would_block && out.bytes_sent() > 0) unsent_ = bytes.substr(out.bytes_sent());
}

void Session::begin_head() {
  head_.clear();
  head_.swap(unsent_);
}

Task<Session::Next> Session::answer(Reply& reply) {
  const Response& response = reply.response;
  const bool tunnel = response.status == 101 && response.rest;
  ensure((response.status >= 200 && response.status <= 999) || tunnel, "an answer has a final status");
  if (response.status == client_left.status && body_ && body_->failure()) co_return leave(reply);
  const bool unread = body_ && body_->leaves_unread();
  const bool close = !keep_alive_ || sessions_->draining || unread || wants_close(response);
  const bool bodiless = to_head_ || without_body(response.status);
  if (response.rest && (tunnel || !bodiless)) co_return co_await stream(std::move(reply), close);
  begin_head();
  append_head(head_, response, to_head_ ? Length::as_stated : Length::of_body, close);
  Outgoing out(head_, bodiless ? std::string_view() : response.body);
  ErrorCode error = connection_->write_now(out);
  if (error == asio::error::would_block) error = co_await write_rest(out);
  if (reply.undelivered) unconfirmed_.push_back(std::move(reply.undelivered));
  if (reply.ended) reply.ended(end_of_stream(bodiless ? 0 : response.body.size(), error ? "client" : ""));
  const Next next = leave_body(close ? parting() : Next::request);
  if (!error) co_return next;
  not_delivered();
  co_return Next::nothing;
}

Task<Session::Next> Session::refuse() {
  sessions_->door->turn_away(reason_of(refusal_.status));
  const Response response = response_to(refusal_);
  begin_head();
  append_head(head_, response, Length::of_body, true);
  Outgoing out(head_, response.body);
  ErrorCode error = connection_->write_now(out);
  if (error == asio::error::would_block) error = co_await write_rest(out);
  co_return error ? Next::nothing : Next::farewell;
}

Task<ErrorCode> Session::write_rest(Outgoing& out) {
  connection_->set_deadline(steady_now() + limits::answer_write);
  co_return co_await connection_->write_rest(out);
}

/// Who asked for the connection's end sends nothing after the request (RFC 9112, 9.6), which was read to its end: then
/// there is nothing to wait for, unless something came all the same or somebody wants to know whether the answer does.
Session::Next Session::parting() const {
  if (!wants_end_ || !unconfirmed_.empty() || !connection_->buffer().bytes().empty()) return Next::farewell;
  int unread = 0;
  const bool known = ioctl(connection_->socket().native_handle(), SIOCINQ, &unread) == 0;
  return known && unread == 0 ? Next::nothing : Next::farewell;
}

/// Closes the sending side and reads on: closing over unread bytes would reset the connection, and take the answer
/// away.
Task<> Session::farewell() {
  ErrorCode error;
  connection_->end_sending();
  connection_->set_deadline(steady_now() + limits::linger);
  std::size_t left = limits::linger_bytes;
  while (!error && left > 0) {
    const std::size_t unread = connection_->buffer().bytes().size();
    left -= std::min(left, unread);
    connection_->buffer().consume(unread);
    if (!connection_->listening()) connection_->listen();  // a body that was left may be read still
    error = co_await connection_->heard();
  }
  if (unconfirmed_.empty()) co_return;
  const bool reset = co_await was_reset(error);
  if (reset) not_delivered();
}

/// Under TLS a client may end without a goodbye, and mean no harm. HAProxy closes its connections to us by resetting
/// them, when it has read the answer.
Task<bool> Session::was_reset(ErrorCode error) {
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
    co_return !from_proxy_ || !all_acknowledged(connection_->socket().native_handle());
  }
  if (error != asio::error::eof && error != asio::error::connection_aborted) co_return false;
  co_return co_await reset_after_end();
}

/// The client has sent its last. If it only half-closed, its kernel acknowledges our answer; if it is gone, it resets.
/// Linux reports a reset that follows an end as the socket's error and not from a read.
Task<bool> Session::reset_after_end() {
  Socket& socket = connection_->socket();
  ErrorCode ignored;
  socket.shutdown(SHUT_WR);
  SteadyTimer timer(socket.get_executor());
  const Instant deadline = steady_now() + limits::linger;
  while (socket.is_open()) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_return true;
    int unacknowledged = 0;
    ioctl(socket.native_handle(), SIOCOUTQ, &unacknowledged);
    if (unacknowledged == 0 || steady_now() >= deadline) co_return false;
    timer.expires_after(limits::delivery_check);
    co_await timer.async_wait(asio::redirect_error(use_task, ignored));
  }
  co_return false;
}

void Session::not_delivered() {
  auto callbacks = std::exchange(unconfirmed_, {});
  for (auto& callback : callbacks) callback();
}

}  // namespace standin
