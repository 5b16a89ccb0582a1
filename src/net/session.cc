#include "net/session.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include "net/asio_clock.h"
#include "net/head.h"
#include "net/net_limits.h"

namespace standin {
namespace {

namespace asio = boost::asio;

class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { count_.fetch_add(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t>& count_;
};

bool wants_close(const Response& response) { return lists(response.headers.find("Connection").value_or(""), "close"); }

constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";

bool without_body(int status) { return status < 200 || status == 204 || status == 304; }

Response response_to(const FramingRefusal& refusal) {
  Response response{.status = refusal.status, .headers = {}, .body = std::string(refusal.why) + "\n"};
  const auto wall = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  response.headers.add("Date", http_date(wall));
  response.headers.add("Content-Type", "text/plain");
  return response;
}

}  // namespace

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

Session::Session(std::shared_ptr<Sessions> sessions, Socket socket, SocketAddress peer)
    : sessions_(std::move(sessions)),
      connection_(std::make_shared<Connection>(std::move(socket))),
      peer_(std::move(peer)),
      reader_(sessions_->limits.head, sessions_->limits.streamed_body.value_or(sessions_->limits.body)) {}

Task<> Session::run(std::shared_ptr<Session> self, Place place) {
  const Place held = std::move(place);
  Next next = Next::request;
  while (next == Next::request) next = co_await self->serve_one();
  if (next == Next::farewell) co_await self->farewell();
  self->connection_->close();
}

std::string Session::address() const {
  char text[INET6_ADDRSTRLEN] = "";
  const sockaddr* const address = peer_.data();
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text, sizeof text);
  }
  const std::string_view found = text;
  return std::string(found.starts_with("::ffff:") && found.contains('.') ? found.substr(7) : found);
}

void Session::wind_down() {
  ErrorCode ignored;
  if (awaiting_first_byte_) connection_->socket().cancel(ignored);
  if (tunnel_) connection_->close();
}

Task<Session::Next> Session::serve_one() {
  const Reading reading = co_await receive();
  if (reading == Reading::more) co_return Next::nothing;
  if (reading == Reading::refused) co_return co_await refuse();
  const Counted counted(sessions_->in_flight);
  Reply reply = co_await handle(take());
  co_return co_await answer(std::move(reply));
}

/// `complete` (also for a head whose body is to follow: then whole_ is false), `refused` with refusal_ set, or `more`
/// if the connection ended first.
Task<Reading> Session::receive() {
  request_begun_ = false;
  continued_ = false;
  connection_->set_deadline(steady_now() + sessions_->limits.idle);
  while (true) {
    const Reading reading = parse();
    whole_ = reading != Reading::more;
    if (whole_) co_return reading;
    if (streams() && (comes_in_pieces(reader_) || reader_.wants_continue())) co_return Reading::complete;
    if (reader_.wants_continue() && !std::exchange(continued_, true)) write_interim(invitation);
    const Reading filled = co_await fill();
    if (filled != Reading::complete) co_return filled;
  }
}

Reading Session::parse() {
  std::string_view bytes = connection_->buffer().bytes();
  if (bytes.empty()) return Reading::more;
  const std::size_t offered = bytes.size();
  const Reading reading = reader_.read(bytes);
  connection_->buffer().consume(offered - bytes.size());
  if (reading == Reading::refused) refusal_ = reader_.refusal();
  if (reading == Reading::more && !std::exchange(request_begun_, true)) {
    connection_->set_deadline(steady_now() + sessions_->limits.receive);
  }
  return reading;
}

/// `complete` when more bytes are here.
Task<Reading> Session::fill() {
  const ErrorCode error = co_await read_more();
  if (error) co_return co_await ended(error);
  unconfirmed_.clear();
  co_return Reading::complete;
}

/// While draining, a connection without a request gets what has already arrived, and is not waited for.
Task<ErrorCode> Session::read_more() {
  if (sessions_->draining && !request_begun_) co_return connection_->read_now();
  awaiting_first_byte_ = !request_begun_;
  const ErrorCode error = co_await connection_->read();
  awaiting_first_byte_ = false;
  const bool interrupted = error == asio::error::operation_aborted && sessions_->draining && !request_begun_;
  if (interrupted && connection_->socket().is_open()) co_return connection_->read_now();
  co_return error;
}

Task<Reading> Session::ended(ErrorCode error) {
  if (error == asio::error::timed_out && request_begun_) {
    refusal_ = {408, "the request did not arrive in time"};
    co_return Reading::refused;
  }
  if (unconfirmed_.empty()) co_return Reading::more;
  bool reset = error == asio::error::connection_reset || error == asio::error::broken_pipe;
  if (error == asio::error::eof) reset = co_await reset_after_end();
  if (reset) not_delivered();
  co_return Reading::more;
}

Request Session::take() {
  speaks_1_1_ = reader_.http_1_1();
  keep_alive_ = reader_.keep_alive();
  const bool invites = reader_.wants_continue();
  std::string upgrade(streams() ? reader_.upgrade() : std::string_view());
  Request request = whole_ ? reader_.take() : reader_.take_head();
  to_head_ = request.method == "HEAD";
  received_ = request.body.size();
  request.upgrade = std::move(upgrade);
  if (whole_ && request.upgrade.empty()) return request;
  IncomingBody::Parts parts{.connection = connection_,
                            .reader = reader_,
                            .patience = whole_ ? limits::stream_idle : sessions_->limits.receive,
                            .raw = whole_,
                            .invite = {}};
  // Sent when somebody wants the body: who is refused or cannot be served keeps it.
  if (invites) parts.invite = [this] { write_interim(invitation); };
  request.rest = body_ = std::make_shared<IncomingBody>(std::move(parts));
  return request;
}

Task<Reply> Session::handle(Request request) {
  connection_->clear_deadline();
  Reply reply = co_await sessions_->handler(std::move(request), shared_from_this());
  co_return reply;
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

Task<Session::Next> Session::answer(Reply reply) {
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
  const Next next = leave_body(close ? Next::farewell : Next::request);
  if (!error) co_return next;
  not_delivered();
  co_return Next::nothing;
}

Task<Session::Next> Session::refuse() {
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
  bool reset = error == asio::error::connection_reset || error == asio::error::broken_pipe;
  if (error == asio::error::eof) reset = co_await reset_after_end();
  if (reset) not_delivered();
}

/// The client has sent its last. If it only half-closed, its kernel acknowledges our answer; if it is gone, it resets.
/// Linux reports a reset that follows an end as the socket's error and not from a read.
Task<bool> Session::reset_after_end() {
  Socket& socket = connection_->socket();
  ErrorCode ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
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
