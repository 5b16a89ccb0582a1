#include "net/dns_client.h"

#include <ares.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstring>
#include <unordered_map>

#include "net/asio_clock.h"
#include "net/net_limits.h"

namespace standin {
namespace {

namespace asio = boost::asio;
using WatchedSocket = asio::posix::basic_stream_descriptor<Executor>;

/// A socket of c-ares, which alone closes it. Owned by the waits for it, so that it never outlives its event loop.
struct Watch {
  Watch(const Executor& executor, int fd) : descriptor(executor, fd) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    if (descriptor.is_open()) descriptor.release();
  }

  struct Direction {
    bool wanted = false;
    bool awaited = false;
  };

  WatchedSocket descriptor;
  Direction read, write;
};

boost::asio::ip::address address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    asio::ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, bytes.size());
    return asio::ip::address_v4(bytes);
  }
  asio::ip::address_v6::bytes_type bytes;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6->sin6_scope_id);
}

/// An alias that is to be looked up again sooner than the address it leads to is how a party moves its traffic.
DnsAnswer read_answer(int status, const ares_addrinfo* found) {
  DnsAnswer answer;
  answer.definite = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
  if (status != ARES_SUCCESS) answer.error = ares_strerror(status);
  if (status != ARES_SUCCESS || found == nullptr) return answer;
  int ttl_max = INT_MAX;
  for (const auto* alias = found->cnames; alias != nullptr; alias = alias->next)
    ttl_max = std::min(ttl_max, alias->ttl);
  for (const auto* node = found->nodes; node != nullptr; node = node->ai_next) {
    const std::chrono::seconds ttl(std::max(0, std::min(node->ai_ttl, ttl_max)));
    const auto address = address_of(node->ai_addr);
    const auto same = [&](const DnsAnswer::Address& known) { return known.address == address; };
    if (std::ranges::none_of(answer.addresses, same)) answer.addresses.push_back({address, ttl});
  }
  if (answer.addresses.empty()) answer.error = ares_strerror(ARES_ENODATA);
  return answer;
}

struct Question {
  std::move_only_function<void(DnsAnswer)> answered;
};

void on_answer(void* asked, int status, int, ares_addrinfo* found) {
  const std::unique_ptr<Question> question(static_cast<Question*>(asked));
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(found, ares_freeaddrinfo);
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  question->answered(read_answer(status, found));
}

ares_addrinfo_hints hints_for(int family) {
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;  // c-ares would connect a socket to each address to sort them
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  return hints;
}

}  // namespace

struct DnsClient::State : std::enable_shared_from_this<State> {
  explicit State(const Executor& loop) : executor(loop), clock(loop) {}
  ~State() {
    alarm.reset();
    if (channel != nullptr) ares_destroy(channel);
    if (hosts_file != nullptr) ares_destroy(hosts_file);
  }

  int open(const std::vector<std::string>& servers);
  static void on_socket(void* data, ares_socket_t fd, int readable, int writable);
  void await(const std::shared_ptr<Watch>& watch, Watch::Direction Watch::* direction);
  void ready(const std::shared_ptr<Watch>& watch, Watch::Direction Watch::* direction);
  void arm();

  Executor executor;
  AsioClock clock;
  ares_channel channel = nullptr;     ///< of name servers alone
  ares_channel hosts_file = nullptr;  ///< and of the hosts file, which opens no socket
  std::unordered_map<int, std::weak_ptr<Watch>> watches;
  std::unique_ptr<Alarm> alarm;
};

int DnsClient::State::open(const std::vector<std::string>& servers) {
  ares_options files{};
  files.lookups = const_cast<char*>("f");
  if (const int failed = ares_init_options(&hosts_file, &files, ARES_OPT_LOOKUPS); failed != ARES_SUCCESS)
    return failed;
  ares_options options{};
  options.lookups = const_cast<char*>("b");
  options.timeout = static_cast<int>(limits::dns_try / std::chrono::milliseconds(1));
  options.tries = limits::dns_tries;
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  const int set = ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  const int error = ares_init_options(&channel, &options, set);
  if (error != ARES_SUCCESS) return error;
  if (servers.empty()) return ARES_SUCCESS;
  return ares_set_servers_ports_csv(channel, fmt::format("{}", fmt::join(servers, ",")).c_str());
}

/// Neither readable nor writable is the last call about a socket, right before c-ares closes it.
void DnsClient::State::on_socket(void* data, ares_socket_t fd, int readable, int writable) {
  auto* const self = static_cast<State*>(data);
  auto watch = self->watches[fd].lock();
  if (readable == 0 && writable == 0) {
    if (watch) watch->descriptor.release();
    self->watches.erase(fd);
    return;
  }
  if (!watch) {
    watch = std::make_shared<Watch>(self->executor, fd);
    self->watches[fd] = watch;
  }
  watch->read.wanted = readable != 0;
  watch->write.wanted = writable != 0;
  self->await(watch, &Watch::read);
  self->await(watch, &Watch::write);
}

void DnsClient::State::await(const std::shared_ptr<Watch>& watch, Watch::Direction Watch::* direction) {
  Watch::Direction& way = (*watch).*direction;
  if (!way.wanted || way.awaited) return;
  way.awaited = true;
  const auto event = direction == &Watch::read ? WatchedSocket::wait_read : WatchedSocket::wait_write;
  watch->descriptor.async_wait(event,
                               [weak = weak_from_this(), watch, direction](const boost::system::error_code& error) {
                                 const auto self = weak.lock();
                                 if (!error && self) self->ready(watch, direction);
                               });
}

void DnsClient::State::ready(const std::shared_ptr<Watch>& watch, Watch::Direction Watch::* direction) {
  if (!watch->descriptor.is_open()) return;
  ((*watch).*direction).awaited = false;
  const int fd = watch->descriptor.native_handle();
  const bool to_read = direction == &Watch::read;
  ares_process_fd(channel, to_read ? fd : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : fd);
  if (watch->descriptor.is_open()) await(watch, direction);
  arm();
}

void DnsClient::State::arm() {
  timeval span{};
  const timeval* const next = ares_timeout(channel, nullptr, &span);
  alarm.reset();
  if (next == nullptr) return;
  const Duration wait = std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec);
  alarm = clock.at(clock.now() + wait, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    self->arm();
  });
}

Result<std::shared_ptr<DnsClient>> DnsClient::open(const Executor& executor, const std::vector<std::string>& servers) {
  auto state = std::make_shared<State>(executor);
  const int error = state->open(servers);
  if (error == ARES_SUCCESS) return std::shared_ptr<DnsClient>(new DnsClient(std::move(state)));
  const std::string who = servers.empty() ? "the system's name servers" : fmt::format("{}", fmt::join(servers, ", "));
  return failure(fmt::format("cannot ask {}: {}", who, ares_strerror(error)));
}

DnsClient::DnsClient(std::shared_ptr<State> state) : state_(std::move(state)) {}
DnsClient::~DnsClient() = default;

std::vector<asio::ip::address> DnsClient::in_hosts_file(const std::string& name) const {
  std::vector<asio::ip::address> found;
  const auto hints = hints_for(AF_UNSPEC);
  auto question = std::make_unique<Question>([&found](const DnsAnswer& answer) {
    for (const auto& each : answer.addresses) found.push_back(each.address);
  });
  ares_getaddrinfo(state_->hosts_file, name.c_str(), nullptr, &hints, on_answer, question.release());
  return found;
}

void DnsClient::ask(const std::string& name, AddressFamily family, std::move_only_function<void(DnsAnswer)> answered) {
  const auto hints = hints_for(family == AddressFamily::v4 ? AF_INET : AF_INET6);
  auto question = std::make_unique<Question>(std::move(answered));
  // Its last owner may let go of this client while it hears the answer.
  const auto state = state_;
  ares_getaddrinfo(state->channel, name.c_str(), nullptr, &hints, on_answer, question.release());
  state->arm();
}

}  // namespace standin
