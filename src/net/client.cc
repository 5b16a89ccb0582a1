#include "net/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/asio_clock.h"
#include "net/connect.h"
#include "net/head.h"
#include "net/net_limits.h"
#include "net/reader.h"
#include "net/server.h"
#include "net/streamed_answer.h"

namespace standin {
namespace {

namespace asio = boost::asio;

/// What two endpoints must have in common to share a connection.
struct Peer {
  std::string_view host;
  std::uint16_t port = 0;
  bool tls = false;
  bool operator==(const Peer&) const = default;
};

struct PeerHash {
  std::size_t operator()(const Peer& peer) const { return std::hash<std::string_view>()(peer.host) ^ peer.port; }
};

/// The idle connections to one peer, last in, first out: the ones used least lately get old and go. Each is owned by
/// its own outstanding read, so that one which the other side ended is not here any more.
class IdleConnections {
 public:
  explicit IdleConnections(const Endpoint& endpoint)
      : host_(endpoint.host), host_field_(standin::host_field(endpoint)) {}
  const std::string& host() const { return host_; }
  const std::string& host_field() const { return host_field_; }

  std::shared_ptr<Connection> take(Resolver& resolver) {
    while (!entries_.empty()) {
      const Entry entry = std::move(entries_.back());
      entries_.pop_back();
      auto connection = entry.connection.lock();
      if (!connection) continue;
      const bool probe = steady_now() - entry.since > limits::freshly_idle;
      const bool alive = connection->listening() && !connection->expired() && !(probe && connection->stale());
      if (alive && resolver.may_use(host_, numeric_address(connection->peer()))) return connection;
      connection->close();
    }
    return nullptr;
  }

  void put(const std::shared_ptr<Connection>& connection) {
    if (entries_.size() >= limits::idle_connections) make_room();
    const Instant since = steady_now();
    connection->set_deadline(since + limits::idle_connection);
    if (!connection->listening()) connection->listen();
    entries_.push_back({connection, since});
  }

  void close_all() {
    for (const Entry& entry : entries_) {
      if (const auto connection = entry.connection.lock()) connection->close();
    }
  }

 private:
  struct Entry {
    std::weak_ptr<Connection> connection;
    Instant since;
  };

  void make_room() {
    std::erase_if(entries_, [](const Entry& entry) { return entry.connection.expired(); });
    if (entries_.size() < limits::idle_connections) return;
    if (const auto oldest = entries_.front().connection.lock()) oldest->close();
    entries_.erase(entries_.begin());
  }

  std::string host_, host_field_;
  std::vector<Entry> entries_;
};

/// One TlsClient for all endpoints with the same files, made when it is first needed.
class TlsClients {
 public:
  explicit TlsClients(std::map<std::string, TlsFiles> files) : files_(std::move(files)) {}

  Result<std::shared_ptr<TlsClient>> of(const Endpoint& endpoint) {
    const auto given = files_.find(fmt::format("{}:{}", endpoint.host, endpoint.port));
    const TlsFiles files = given == files_.end() ? TlsFiles() : given->second;
    const auto made = clients_.find(files);
    if (made != clients_.end()) return made->second;
    auto client = TlsClient::make(files);
    if (client) clients_[files] = *client;
    return client;
  }

 private:
  std::map<std::string, TlsFiles> files_;
  std::map<TlsFiles, std::shared_ptr<TlsClient>> clients_;
};

}  // namespace

struct HttpClient::State {
  State(Executor loop, ClientOptions options) : executor(std::move(loop)), tls_clients({}) {
    configure(std::move(options));
  }
  ~State() {
    for (auto& [peer, pool] : pools) pool->close_all();
  }

  /// Answers that hold are kept over a reload; certificates are checked anew, also those of idle connections.
  void configure(ClientOptions options) {
    if (!resolver || resolver->options() != options.dns) {
      resolver = std::make_shared<Resolver>(executor, std::move(options.dns), std::move(options.board));
    }
    tls_clients = TlsClients(std::move(options.tls));
    for (auto& [peer, pool] : pools) {
      if (peer.tls) pool->close_all();
    }
  }

  IdleConnections& idle(const Endpoint& endpoint) {
    const auto found = pools.find(Peer{endpoint.host, endpoint.port, endpoint.tls});
    if (found != pools.end()) return *found->second;
    auto pool = std::make_unique<IdleConnections>(endpoint);
    const Peer peer{pool->host(), endpoint.port, endpoint.tls};
    return *pools.emplace(peer, std::move(pool)).first->second;
  }

  Executor executor;
  std::shared_ptr<Resolver> resolver;
  TlsClients tls_clients;
  std::unordered_map<Peer, std::unique_ptr<IdleConnections>, PeerHash> pools;

  /// One request's way to its answer.
  class Exchange;
};

class HttpClient::State::Exchange {
 public:
  Exchange(std::shared_ptr<State> state, const Endpoint& endpoint, const Request& request, const ExchangeTimes& times,
           std::function<void()> sending, std::shared_ptr<const Client> streamed_to)
      : state_(std::move(state)),
        pool_(state_->idle(endpoint)),
        endpoint_(endpoint),
        request_(request),
        times_(times),
        sending_(std::move(sending)),
        client_(std::move(streamed_to)),
        reader_(
            limits::answer_head, client_ ? std::numeric_limits<std::size_t>::max() : limits::answer_body,
            {.head = request.method == "HEAD", .interim = client_ != nullptr, .upgrade = !request.upgrade.empty()}) {
    append_head(head_, request, endpoint.base_path, pool_.host_field());
    if (chunked() && !request.body.empty()) append_chunk_head(head_, request.body.size());
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    if (upload_) upload_->stop();
  }

  /// Waits only where it must: each coroutine within another costs every request.
  static Task<Result<Response>> run(std::shared_ptr<State> state, const Endpoint& endpoint, const Request& request,
                                    const ExchangeTimes& times, std::function<void()> sending,
                                    std::shared_ptr<const Client> streamed_to) {
    if (!sendable(request)) co_return failure("the request's method or target cannot be written as one", endpoint.url);
    Exchange one(std::move(state), endpoint, request, times, std::move(sending), std::move(streamed_to));
    while (true) {
      if (!one.take_idle()) {
        const auto connected = co_await one.connect();
        if (!connected) co_return std::unexpected(connected.error());
      }
      // Not the event's time, but the machine's: what went before may have taken long.
      if (std::chrono::steady_clock::now() >= times.send_before) co_return one.late();
      Outgoing out(one.head_, request.body, one.chunked() && !request.body.empty() ? "\r\n" : "");
      one.begin_sending();
      ErrorCode error = one.connection_->write_now(out);
      if (error == asio::error::would_block) {
        one.connection_->set_deadline(std::min(one.begun_ + times.write, times.listen_until));
        error = co_await one.connection_->write_rest(out);
      }
      const auto sent = error ? one.not_written(error, out) : one.written();
      if (sent) break;
      // Of a connection that refuses the first byte nothing has left; only a kept one may have died unseen.
      if (!one.reused_ || !one.not_a_byte_left_) co_return std::unexpected(sent.error());
    }
    if (!one.upload_) one.connection_->set_deadline(times.listen_until);
    if (!one.connection_->listening() && !one.reused_) one.connection_->listen();
    while (true) {
      const ErrorCode error = co_await one.connection_->heard();
      if (auto answer = one.hear(error)) co_return std::move(*answer);
      one.connection_->listen();
    }
  }

 private:
  bool take_idle() {
    connection_ = pool_.take(*state_->resolver);
    reused_ = connection_ != nullptr;
    return reused_;
  }

  Task<Result<void>> connect() {
    if (steady_now() >= times_.send_before) co_return too_late();
    std::shared_ptr<TlsClient> tls;
    if (endpoint_.tls) {
      auto client = state_->tls_clients.of(endpoint_);
      if (!client) co_return failure(client.error().what, endpoint_.url);
      tls = std::move(*client);
    }
    const Instant begun = steady_now();
    const Instant deadline = std::min(begun + times_.connect, times_.send_before);
    auto connected = co_await connect_to(endpoint_, state_->resolver, std::move(tls), deadline);
    if (!connected) co_return std::unexpected(connected.error());
    connection_ = std::move(*connected);
    if (times_.findings) note_connected(begun);
    co_return Result<void>();
  }

  void note_connected(Instant begun) const {
    times_.findings->connect = steady_now() - begun;
    if (endpoint_.tls) times_.findings->certificate_expires = connection_->tls()->peer().expires;
  }

  Result<Response> late() {
    pool_.put(connection_);
    return too_late();
  }

  void begin_sending() {
    not_a_byte_left_ = false;
    if (auto sending = std::exchange(sending_, nullptr)) sending();
    connection_->set_deadline(times_.listen_until);
    begun_ = steady_now();
  }

  Result<void> written() {
    wrote_all_ = true;
    if (request_.rest && request_.upgrade.empty()) {
      start_upload(chunked() ? Upload::Framing::chunked : Upload::Framing::stated, times_.listen_until - begun_);
    }
    return {};
  }

  bool chunked() const { return request_.rest && request_.upgrade.empty() && !request_.headers.has("Content-Length"); }

  void start_upload(Upload::Framing framing, Duration answer_within) {
    upload_ = std::make_shared<Upload>(connection_, request_.rest, framing);
    upload_->allow(times_.idle, answer_within);
    connection_->set_deadline(steady_now() + times_.idle);
    spawn(state_->executor, Upload::run(upload_));
  }

  /// A party that answers before it has read everything (too large, not allowed) closes its reading side: its answer
  /// counts.
  Result<void> not_written(const ErrorCode& error, const Outgoing& out) {
    not_a_byte_left_ = out.bytes_sent() == 0;
    if (!not_a_byte_left_ && !connection_->expired()) return {};
    const Sent sent = not_a_byte_left_ ? Sent::nothing : Sent::maybe;
    connection_->close();
    return failure(fmt::format("cannot send: {}", error.message()), endpoint_.url, sent);
  }

  /// What a read that ended with `error` came to; nothing if more is to come.
  std::optional<Result<Response>> hear(const ErrorCode& error) {
    if (error) return ended(error);
    if (!std::exchange(heard_anything_, true) && times_.findings) times_.findings->first_byte = steady_now() - begun_;
    const Reading reading = read();
    if (reading == Reading::complete) return finish();
    if (reading == Reading::refused) return broken();
    if (client_ && comes_in_pieces(reader_)) return stream();
    return std::nullopt;
  }

  /// Of what has arrived. Interim answers go straight to the client.
  Reading read() {
    while (true) {
      std::string_view bytes = connection_->buffer().bytes();
      const std::size_t offered = bytes.size();
      const Reading reading = reader_.read(bytes);
      connection_->buffer().consume(offered - bytes.size());
      if (reading != Reading::interim) return reading;
      client_->interim(reader_.take());
    }
  }

  Response stream() {
    Response response = reader_.take_head();
    const bool tunnel = response.status == 101;
    response.upgrade = reader_.upgrade();
    if (tunnel) start_upload(Upload::Framing::tunnel, times_.idle);
    if (upload_) upload_->allow(times_.idle, times_.idle);
    auto give_back = [state = std::weak_ptr(state_), &pool = pool_](const std::shared_ptr<Connection>& connection) {
      if (state.lock()) return pool.put(connection);
      connection->close();
    };
    response.rest = std::make_shared<StreamedAnswer>(StreamedAnswer::Parts{.connection = connection_,
                                                                           .reader = std::move(reader_),
                                                                           .patience = times_.idle,
                                                                           .upload = std::exchange(upload_, nullptr),
                                                                           .tunnel = tunnel,
                                                                           .give_back = std::move(give_back)});
    return response;
  }

  Result<Response> ended(const ErrorCode& error) {
    connection_->close();
    if (request_.rest && request_.rest->failure()) return failed("the client did not send its request to the end");
    if (error == asio::error::eof && reader_.finish() == Reading::complete) return reader_.take();
    if (error == asio::error::timed_out) return failed("no complete answer in time");
    return failed(fmt::format("the connection ended before a complete answer: {}", error.message()));
  }

  Result<Response> broken() {
    connection_->close();
    return failed(std::string(reader_.refusal().why));
  }

  Result<Response> finish() {
    const bool sent = wrote_all_ && (!upload_ || upload_->whole());
    if (sent && reader_.keep_alive() && connection_->buffer().bytes().empty()) {
      pool_.put(connection_);
    } else {
      connection_->close();
    }
    return reader_.take();
  }

  std::unexpected<Error> failed(std::string what) const {
    return failure(std::move(what), endpoint_.url, heard_anything_ ? Sent::answered : Sent::maybe);
  }

  std::unexpected<Error> too_late() const { return failure("no connection was ready in time", endpoint_.url); }

  const std::shared_ptr<State> state_;
  IdleConnections& pool_;
  const Endpoint& endpoint_;
  const Request& request_;
  const ExchangeTimes& times_;
  std::function<void()> sending_;
  const std::shared_ptr<const Client> client_;
  ResponseReader reader_;
  std::string head_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Upload> upload_;
  Instant begun_;  ///< to send
  bool reused_ = false;
  bool not_a_byte_left_ = false;
  bool wrote_all_ = false;
  bool heard_anything_ = false;
};

HttpClient::HttpClient(Executor executor, ClientOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {}
HttpClient::~HttpClient() = default;

void HttpClient::configure(ClientOptions options) { state_->configure(std::move(options)); }

Task<Result<Response>> HttpClient::exchange(const Endpoint& endpoint, const Request& request,
                                            const ExchangeTimes& times, std::function<void()> sending,
                                            std::shared_ptr<const Client> streamed_to) {
  return State::Exchange::run(state_, endpoint, request, times, std::move(sending), std::move(streamed_to));
}

}  // namespace standin
