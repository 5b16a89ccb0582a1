#include "net/session.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>

#include "net/head.h"
#include "net/net_limits.h"

namespace standin {
namespace {

namespace asio = boost::asio;

Instant now() { return std::chrono::steady_clock::now(); }

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
      reader_(sessions_->limits.head, sessions_->limits.body) {}

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

void Session::close_if_idle() {
  ErrorCode ignored;
  if (awaiting_first_byte_) connection_->socket().cancel(ignored);
}

Task<Session::Next> Session::serve_one() {
  const Reading reading = co_await receive();
  if (reading == Reading::more) co_return Next::nothing;
  if (reading == Reading::refused) co_return co_await refuse();
  const bool keep_alive = reader_.keep_alive();
  Request request = reader_.take();
  const bool to_head = request.method == "HEAD";
  Reply reply = co_await handle(std::move(request));
  const bool close = !keep_alive || sessions_->draining || wants_close(reply.response);
  co_return co_await answer(std::move(reply), to_head, close);
}

/// `complete`, `refused` with refusal_ set, or `more` if the connection ended first.
Task<Reading> Session::receive() {
  request_begun_ = false;
  continued_ = false;
  connection_->set_deadline(now() + sessions_->limits.idle);
  while (true) {
    const Reading reading = parse();
    if (reading != Reading::more) co_return reading;
    if (reader_.wants_continue() && !std::exchange(continued_, true)) {
      Outgoing out("HTTP/1.1 100 Continue\r\n\r\n", {});
      // Without room for these few bytes the client is not reading: the deadline for its request ends that.
      static_cast<void>(connection_->write_now(out));
    }
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
    connection_->set_deadline(now() + sessions_->limits.receive);
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

Task<Reply> Session::handle(Request request) {
  const Counted counted(sessions_->in_flight);
  connection_->clear_deadline();
  Reply reply = co_await sessions_->handler(std::move(request), shared_from_this());
  co_return reply;
}

Task<Session::Next> Session::answer(Reply reply, bool to_head, bool close) {
  const Response& response = reply.response;
  ensure(response.status >= 200 && response.status <= 999, "an answer has a final status");
  head_.clear();
  append_head(head_, response, to_head ? Length::as_stated : Length::of_body, close);
  const bool bodiless = to_head || without_body(response.status);
  Outgoing out(head_, bodiless ? std::string_view() : response.body);
  ErrorCode error = connection_->write_now(out);
  if (error == asio::error::would_block) error = co_await write_rest(out);
  if (reply.undelivered) unconfirmed_.push_back(std::move(reply.undelivered));
  if (error) {
    not_delivered();
    co_return Next::nothing;
  }
  co_return close ? Next::farewell : Next::request;
}

Task<Session::Next> Session::refuse() {
  const Response response = response_to(refusal_);
  head_.clear();
  append_head(head_, response, Length::of_body, true);
  Outgoing out(head_, response.body);
  ErrorCode error = connection_->write_now(out);
  if (error == asio::error::would_block) error = co_await write_rest(out);
  co_return error ? Next::nothing : Next::farewell;
}

Task<ErrorCode> Session::write_rest(Outgoing& out) {
  connection_->set_deadline(now() + limits::answer_write);
  co_return co_await connection_->write_rest(out);
}

/// Closes the sending side and reads on: closing over unread bytes would reset the connection, and take the answer
/// away.
Task<> Session::farewell() {
  ErrorCode error;
  connection_->socket().shutdown(Socket::shutdown_send, error);
  connection_->set_deadline(now() + limits::linger);
  std::size_t left = limits::linger_bytes;
  error = {};
  while (!error && left > 0) {
    const std::size_t unread = connection_->buffer().bytes().size();
    left -= std::min(left, unread);
    connection_->buffer().consume(unread);
    error = co_await connection_->read();
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
  const Instant deadline = now() + limits::linger;
  while (socket.is_open()) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_return true;
    int unacknowledged = 0;
    ioctl(socket.native_handle(), SIOCOUTQ, &unacknowledged);
    if (unacknowledged == 0 || now() >= deadline) co_return false;
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
