#include "net/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "net/asio_clock.h"
#include "net/net_limits.h"
#include "net/tls.h"

namespace standin {

namespace asio = boost::asio;

namespace {

ErrorCode protocol_error() { return make_error_code(boost::system::errc::protocol_error); }

/// Buffers of the usual size that no connection of this thread uses now: busy ones need one for each request.
class SpareBuffers {
 public:
  std::unique_ptr<char[]> take(std::size_t capacity) {
    if (capacity == 0) return nullptr;
    if (capacity != limits::receive_buffer || spare_.empty()) return std::make_unique_for_overwrite<char[]>(capacity);
    auto buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  void give(std::unique_ptr<char[]> buffer, std::size_t capacity) {
    if (capacity == limits::receive_buffer && spare_.size() < limits::spare_buffers) {
      spare_.push_back(std::move(buffer));
    }
  }

 private:
  std::vector<std::unique_ptr<char[]>> spare_;
};

SpareBuffers& spare_buffers() {
  thread_local SpareBuffers spare;
  return spare;
}

}  // namespace

void ReceiveBuffer::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

std::span<char> ReceiveBuffer::space() {
  // A read into a sliver would cost a second system call for the rest.
  if (capacity_ - end_ < limits::receive_buffer / 4) make_room();
  return {data_.get() + end_, capacity_ - end_};
}

void ReceiveBuffer::make_room() {
  const std::size_t size = end_ - begin_;
  if (size > capacity_ / 2 || capacity_ == 0) return resize(std::max(limits::receive_buffer, capacity_ * 2));
  if (size > 0) std::memmove(data_.get(), data_.get() + begin_, size);
  begin_ = 0;
  end_ = size;
}

void ReceiveBuffer::resize(std::size_t capacity) {
  const std::size_t size = end_ - begin_;
  if (capacity < size) return;
  auto other = spare_buffers().take(capacity);
  if (size > 0) std::memcpy(other.get(), data_.get() + begin_, size);
  spare_buffers().give(std::exchange(data_, std::move(other)), capacity_);
  capacity_ = capacity;
  begin_ = 0;
  end_ = size;
}

void Outgoing::sent(std::size_t count) {
  sent_ += count;
  for (auto& part : parts_) {
    const std::size_t of_part = std::min(count, part.size());
    part += of_part;
    count -= of_part;
  }
}

std::string_view Outgoing::piece(std::size_t at, std::size_t count, std::string& joined) const {
  joined.clear();
  for (const auto& part : parts_) {
    const std::string_view bytes =
        std::string_view(static_cast<const char*>(part.data()), part.size()).substr(std::min(at, part.size()));
    at -= std::min(at, part.size());
    const std::string_view taken = bytes.substr(0, count - joined.size());
    const bool is_all = taken.size() == count || &part == &parts_.back();
    if (joined.empty() && is_all) return taken;
    joined += taken;
  }
  return joined;
}

Connection::Connection(Executor executor, Descriptor descriptor)
    : socket_(executor, std::move(descriptor)), timer_(executor) {}

Connection::~Connection() = default;

void Connection::close() {
  if (socket_.is_open()) say_goodbye();
  socket_.close();
}

/// Without a goodbye under TLS, and with a reset under TCP.
void Connection::abort() { socket_.reset(); }

void Connection::end_sending() {
  say_goodbye();
  socket_.shutdown(SHUT_WR);
}

void Connection::say_goodbye() {
  if (!tls_ || !tls_->output().empty()) return;
  tls_->shut_down();
  offer_output();
}

/// What TLS has to say, if it can be said without waiting.
void Connection::offer_output() {
  const auto output = tls_->output();
  const asio::const_buffer piece(output.data(), output.size());
  ErrorCode ignored;
  if (!output.empty()) tls_->sent(socket_.write_some({&piece, 1}, ignored));
}

Task<ErrorCode> Connection::connect(SocketAddress address, Instant deadline) {
  set_deadline(deadline);
  peer_ = std::move(address);
  ErrorCode error = socket_.connect(peer_);
  if (error == asio::error::would_block) {
    co_await socket_.writable(error);
    if (!error) error = socket_.connected();
  }
  co_return error&& expired_ ? asio::error::timed_out : error;
}

void Connection::set_deadline(Instant at) {
  deadline_ = at;
  expired_ = false;
  if (at < armed_) arm(at);
}

void Connection::arm(Instant at) {
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->ring();
  });
}

void Connection::ring() {
  armed_ = Instant::max();
  if (deadline_ == Instant::max()) return;
  if (steady_now() < deadline_) return arm(deadline_);
  expired_ = true;
  socket_.cancel();
}

/// Where bytes from the network go: under TLS they are no message yet, and only looked at before anything else is read.
std::span<char> Connection::incoming() {
  if (!tls_) return buffer_.space();
  thread_local const auto encrypted = std::make_unique_for_overwrite<char[]>(limits::stream_buffer);
  const std::size_t wanted = std::clamp(buffer_.capacity(), limits::receive_buffer, limits::stream_buffer);
  return {encrypted.get(), wanted};
}

/// What came of a read, once `count` bytes are where they belong.
ErrorCode Connection::take_in(ErrorCode error, std::size_t count) {
  if (error && expired_) error = asio::error::timed_out;
  if (!tls_) {
    buffer_.received(count);
    return error;
  }
  tls_->received({incoming().data(), count});
  return decrypt(error);
}

/// What was read may have been asking for something, such as another handshake, which is refused. False if the other
/// side goes on asking and does not take the answers.
bool Connection::answer_to_records() {
  if (!tls_->sending()) offer_output();
  return tls_->waiting() <= limits::tls_record;
}

/// A TLS connection that ends without a goodbye was cut off, by whomever: what came so far is not an end.
ErrorCode Connection::decrypt(ErrorCode error) {
  const std::size_t before = buffer_.bytes().size();
  TlsSession::Decrypted decrypted{.more = true};
  while (decrypted.more) {
    decrypted = tls_->decrypt(buffer_.space());
    buffer_.received(decrypted.count);
  }
  const bool over = decrypted.ended || decrypted.failed;
  if (over && buffer_.bytes().size() > before) {
    // First what came before it; the next read meets the end at once, and comes back here.
    socket_.shutdown(SHUT_RD);
    return {};
  }
  if (!answer_to_records()) return protocol_error();
  if (decrypted.ended) return asio::error::eof;
  if (decrypted.failed) return protocol_error();
  if (error == asio::error::eof) return asio::error::connection_aborted;
  return error;
}

// Not a coroutine: an idle connection is in this, and holds a frame less.
Task<> Connection::read(ErrorCode& error) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [this, &error](auto&& awaiter) { read_then(error, std::forward<decltype(awaiter)>(awaiter)); }, use_task);
}

template <class Awaiter>
void Connection::read_then(ErrorCode& into, Awaiter awaiter) {
  if (expired_) {
    into = asio::error::timed_out;
    return asio::post(socket_.get_executor(), std::move(awaiter));
  }
  buffer_.release();  // an idle connection has none
  socket_.when_readable([this, &into, awaiter = std::move(awaiter)](const ErrorCode& error) mutable {
    const std::size_t before = buffer_.bytes().size();
    into = error ? take_in(error, 0) : read_now();
    if (into == asio::error::would_block) into = {};
    if (!into && buffer_.bytes().size() == before) return read_then(into, std::move(awaiter));
    awaiter();
  });
}

Task<ErrorCode> Connection::send_output() {
  ErrorCode error;
  while (!error && !tls_->output().empty()) {
    const auto output = tls_->output();
    const asio::const_buffer piece(output.data(), output.size());
    tls_->sent(socket_.write_some({&piece, 1}, error));
    if (error == asio::error::would_block) co_await socket_.writable(error);
  }
  co_return error;
}

Task<ErrorCode> Connection::secure(std::unique_ptr<TlsSession> session) {
  tls_ = std::move(session);
  // What a proxy's own header was read with belongs to the handshake.
  const std::string early(buffer_.bytes());
  buffer_.consume(early.size());
  tls_->received(early);
  while (true) {
    const TlsSession::Step step = tls_->handshake();
    // What came behind the handshake is not lost on the way.
    ErrorCode error = step == TlsSession::Step::done ? decrypt({}) : ErrorCode();
    // An alert, too, tells the other side why.
    if (!error) error = co_await send_output();
    if (step == TlsSession::Step::failed) co_return protocol_error();
    if (!error && step == TlsSession::Step::wants_bytes && !expired_) {
      co_await socket_.readable(error);
      if (!error) error = receive_handshake();
    }
    if (expired_) co_return asio::error::timed_out;
    if (error || step == TlsSession::Step::done) co_return error;
  }
}

ErrorCode Connection::receive_handshake() {
  const std::span<char> space = incoming();
  ErrorCode error;
  const std::size_t count = socket_.read_some(space, error);
  tls_->received({space.data(), count});
  return error == asio::error::would_block ? ErrorCode() : error;
}

ErrorCode Connection::read_now() {
  const std::span<char> space = incoming();
  ErrorCode error;
  const std::size_t count = socket_.read_some(space, error);
  if (error == asio::error::would_block && !expired_) return error;
  return take_in(error, count);
}

/// The handler of the outstanding read. When the event loop is destroyed it is never called: then whoever waits for it
/// goes too, or the waiting coroutine and the connection would keep each other alive.
struct Connection::Listener {
  explicit Listener(std::shared_ptr<Connection> owner) : connection(std::move(owner)) {}
  Listener(Listener&&) = default;
  ~Listener() {
    if (connection) connection->waiter_ = nullptr;
  }
  void operator()(const ErrorCode& error) {
    const auto self = std::move(connection);
    self->hear(error);
  }

  std::shared_ptr<Connection> connection;
};

void Connection::listen() {
  listening_ = true;
  if (buffer_.capacity() == limits::receive_buffer) buffer_.release();
  socket_.when_readable(Listener(shared_from_this()));
}

void Connection::hear(const ErrorCode& error) {
  listening_ = false;
  const std::size_t before = buffer_.bytes().size();
  heard_ = error ? take_in(error, 0) : read_now();
  if (heard_ == asio::error::would_block) heard_ = {};
  // Under TLS there is more than messages: tickets for resuming it.
  if (!heard_ && buffer_.bytes().size() == before && !expired_) return listen();
  if (auto waiter = std::exchange(waiter_, nullptr)) waiter();
}

Task<ErrorCode> Connection::heard() {
  if (listening_ && expired_) co_return asio::error::timed_out;
  if (listening_) {
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
        [this](auto&& handler) { waiter_ = std::forward<decltype(handler)>(handler); }, use_task);
  }
  co_return heard_;
}

/// Encrypts what comes next of a message, in records as full as can be: its head and a small body are one.
bool Connection::encrypt_next(const Outgoing& out) {
  std::string joined;
  const std::size_t wanted = std::min(out.bytes_left(), limits::tls_write);
  bool good = true;
  for (encrypted_ = 0; good && encrypted_ < wanted;) {
    const std::string_view record = out.piece(encrypted_, limits::tls_record, joined);
    good = tls_->encrypt(record);
    encrypted_ += record.size();
  }
  return good;
}

/// What is to leave next; empty when all of `out` has left.
asio::const_buffer Connection::next_encrypted(const Outgoing& out, ErrorCode& error) {
  if (tls_->output().empty() && !out.done() && !encrypt_next(out)) error = protocol_error();
  const auto output = tls_->output();
  return asio::const_buffer(output.data(), error ? 0 : output.size());
}

/// A message counts as sent from the first byte that may be of it.
void Connection::sent_encrypted(Outgoing& out, std::size_t count) {
  tls_->sent(count);
  if (count > 0) out.sent(std::exchange(encrypted_, 0));
}

ErrorCode Connection::write_now(Outgoing& out) {
  ErrorCode error;
  while (tls_ && !error) {
    const asio::const_buffer next = next_encrypted(out, error);
    if (next.size() == 0) return error;
    sent_encrypted(out, socket_.write_some({&next, 1}, error));
  }
  while (!out.done() && !error) out.sent(socket_.write_some(out.parts(), error));
  return error;
}

Task<ErrorCode> Connection::write_rest(Outgoing& out) {
  ErrorCode error;
  while (!expired_) {
    error = write_now(out);
    if (error != asio::error::would_block) co_return error;
    co_await socket_.writable(error);
    if (error) co_return expired_ ? asio::error::timed_out : error;
  }
  co_return asio::error::timed_out;
}

void Connection::stop_waiting() {
  if (waiter_) asio::post(socket_.get_executor(), std::exchange(waiter_, nullptr));
}

bool Connection::gone() const {
  pollfd poll_for{.fd = socket_.native_handle(), .events = 0, .revents = 0};
  if (poll_for.fd < 0) return true;
  const int ready = ::poll(&poll_for, 1, 0);
  return ready > 0 && (poll_for.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

bool Connection::stale() const {
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace standin
