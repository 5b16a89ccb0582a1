#include "net/inherited.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace standin {
namespace {

/// sd_listen_fds(3): SD_LISTEN_FDS_START.
constexpr int first_inherited = 3;

using FoundAddresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// Written as `listen_on` writes it: the host, and a port.
FoundAddresses resolved(const std::string& address) {
  FoundAddresses none(nullptr, &freeaddrinfo);
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return none;
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) return none;
  return {found, &freeaddrinfo};
}

struct LocalName {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);

  static std::optional<LocalName> of(int descriptor) {
    LocalName bound;
    int listens = 0;
    socklen_t size = sizeof(listens);
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) return std::nullopt;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound.address), &bound.size) != 0) return std::nullopt;
    return bound;
  }

  /// "192.0.2.7:80", "[::1]:80", "unix:/path"
  std::string text() const {
    if (address.ss_family == AF_UNIX) return "unix:" + path();
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
      return "an unknown address";
    }
    return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  }

  std::string path() const {
    const auto& local = reinterpret_cast<const sockaddr_un&>(address);
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    return {local.sun_path, strnlen(local.sun_path, length)};
  }

  bool is(const addrinfo& wanted) const {
    if (wanted.ai_family != address.ss_family) return false;
    if (address.ss_family == AF_INET) {
      const auto& ours = reinterpret_cast<const sockaddr_in&>(address);
      const auto& theirs = *reinterpret_cast<const sockaddr_in*>(wanted.ai_addr);
      return theirs.sin_port == ours.sin_port && theirs.sin_addr.s_addr == ours.sin_addr.s_addr;
    }
    if (address.ss_family != AF_INET6) return false;
    const auto& ours = reinterpret_cast<const sockaddr_in6&>(address);
    const auto& theirs = *reinterpret_cast<const sockaddr_in6*>(wanted.ai_addr);
    return theirs.sin6_port == ours.sin6_port &&
           std::memcmp(&theirs.sin6_addr, &ours.sin6_addr, sizeof(ours.sin6_addr)) == 0;
  }
};

int number_in(const char* name) {
  const char* const text = std::getenv(name);
  int number = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor Descriptor::another() const { return Descriptor(::fcntl(number_, F_DUPFD_CLOEXEC, 0)); }

int Descriptor::release() { return std::exchange(number_, -1); }

InheritedSockets InheritedSockets::take(bool for_us) {
  InheritedSockets inherited;
  const int count = for_us || number_in("LISTEN_PID") == getpid() ? number_in("LISTEN_FDS") : 0;
  for (int i = 0; i < count; ++i) {
    Descriptor descriptor(first_inherited + i);
    ::fcntl(descriptor.number(), F_SETFD, FD_CLOEXEC);
    inherited.sockets_.push_back(std::move(descriptor));
  }
  for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return inherited;
}

std::vector<Descriptor> InheritedSockets::bound_to(const std::string& address) {
  constexpr std::string_view unix_prefix = "unix:";
  const bool local = address.starts_with(unix_prefix);
  const FoundAddresses wanted = local || sockets_.empty() ? FoundAddresses(nullptr, &freeaddrinfo) : resolved(address);
  const auto is_wanted = [&](const Descriptor& descriptor) {
    const auto bound = LocalName::of(descriptor.number());
    if (!bound) return false;
    if (local) return bound->address.ss_family == AF_UNIX && bound->path() == address.substr(unix_prefix.size());
    for (const addrinfo* one = wanted.get(); one != nullptr; one = one->ai_next) {
      if (bound->is(*one)) return true;
    }
    return false;
  };
  const auto theirs = std::stable_partition(sockets_.begin(), sockets_.end(),
                                            [&](const Descriptor& descriptor) { return !is_wanted(descriptor); });
  std::vector<Descriptor> found(std::make_move_iterator(theirs), std::make_move_iterator(sockets_.end()));
  sockets_.erase(theirs, sockets_.end());
  return found;
}

std::vector<std::string> InheritedSockets::left() const {
  std::vector<std::string> where;
  for (const Descriptor& descriptor : sockets_) {
    const auto bound = LocalName::of(descriptor.number());
    where.push_back(bound ? bound->text() : fmt::format("descriptor {}, which does not listen", descriptor.number()));
  }
  return where;
}

}  // namespace standin
