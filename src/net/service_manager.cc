#include "net/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "net/asio_clock.h"

namespace standin {

void notify_manager(std::string_view state) {
  const char* const where = std::getenv("NOTIFY_SOCKET");
  if (where == nullptr) return;
  const std::string_view path = where;
  sockaddr_un manager{};
  if (path.empty() || path.size() >= sizeof(manager.sun_path)) return;
  manager.sun_family = AF_UNIX;
  std::memcpy(manager.sun_path, path.data(), path.size());
  if (path.front() == '@') manager.sun_path[0] = '\0';  // a name without a file
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&manager), size);
  ::close(descriptor);
}

// The manager tells by the time which of several reloads has ended.
void notify_reloading() {
  const auto now = std::chrono::floor<std::chrono::microseconds>(steady_now().time_since_epoch());
  notify_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

}  // namespace standin
