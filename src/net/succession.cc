#include "net/succession.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace standin {
namespace {

constexpr const char* channel_variable = "STANDIN_PREDECESSOR";
constexpr const char* journal_variable = "STANDIN_PREDECESSOR_JOURNAL";
/// sd_listen_fds(3): the sockets follow the standard descriptors.
constexpr int first_socket = 3;

/// A process that dies closes one descriptor after the other: the journal's lock may be the last.
constexpr int death_takes_ms = 200;

constexpr std::string_view ready = "ready", yours = "yours", serving = "serving";

std::unexpected<Error> system_failure(std::string_view doing) {
  return failure(fmt::format("cannot {}: {}", doing, std::strerror(errno)), "hand-over");
}

void say(const Descriptor& channel, std::string_view word) {
  ::send(channel.number(), word.data(), word.size(), MSG_NOSIGNAL);
}

/// "" when the other side has ended; nothing when it says nothing for so long.
std::optional<std::string> hear(const Descriptor& channel, Duration at_most) {
  pollfd readable{channel.number(), POLLIN, 0};
  const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count();
  if (::poll(&readable, 1, static_cast<int>(span)) <= 0) return std::nullopt;
  std::array<char, 64> word{};
  const ssize_t size = ::recv(channel.number(), word.data(), word.size(), 0);
  return std::string(word.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
}

Result<void> expect_word(const Descriptor& channel, std::string_view word, Duration at_most) {
  const auto heard = hear(channel, at_most);
  if (!heard) return failure(fmt::format("the new process does not say '{}' in time", word), "hand-over");
  if (*heard != word) return failure(fmt::format("the new process ended before it said '{}'", word), "hand-over");
  return {};
}

/// What the child has open, from the first socket on. None is at a number that another is to get, and no child of
/// another thread inherits them.
Result<std::vector<Descriptor>> to_pass_on(const std::vector<int>& sockets, int channel) {
  std::vector<Descriptor> all;
  const int above = first_socket + static_cast<int>(sockets.size()) + 1;
  for (const int socket : sockets) all.emplace_back(::fcntl(socket, F_DUPFD_CLOEXEC, above));
  all.emplace_back(::fcntl(channel, F_DUPFD_CLOEXEC, above));
  for (const Descriptor& descriptor : all) {
    if (!descriptor) return system_failure("open the sockets again");
  }
  return all;
}

class FileActions {
 public:
  explicit FileActions(const std::vector<Descriptor>& descriptors) {
    posix_spawn_file_actions_init(&actions_);
    int number = first_socket;
    for (const Descriptor& descriptor : descriptors) {
      posix_spawn_file_actions_adddup2(&actions_, descriptor.number(), number++);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, number);
  }
  FileActions(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment(std::size_t sockets, int journal) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  all.push_back(fmt::format("LISTEN_FDS={}", sockets));
  all.push_back(fmt::format("{}={}", channel_variable, first_socket + static_cast<int>(sockets)));
  all.push_back(fmt::format("{}={}", journal_variable, journal));
  return all;
}

/// -1 where it is not set; taken out of the environment.
int number_taken(const char* variable) {
  const char* const text = std::getenv(variable);
  int number = -1;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  ::unsetenv(variable);
  return number;
}

}  // namespace

// By the name that we were started under, not by what that is now: a symbolic link may lead to another version.
Result<std::unique_ptr<Successor>> Successor::start(std::vector<std::string> arguments, const std::vector<int>& sockets,
                                                    int journal) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_failure("open a channel");
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const auto descriptors = to_pass_on(sockets, theirs.number());
  if (!descriptors) return std::unexpected(descriptors.error());
  const FileActions actions(*descriptors);
  arguments.insert(arguments.begin(), program_invocation_name);
  std::vector<std::string> variables = environment(sockets.size(), journal);
  pid_t process = -1;
  errno = posix_spawnp(&process, program_invocation_name, actions.get(), nullptr, pointers(arguments).data(),
                       pointers(variables).data());
  if (errno != 0) return system_failure(fmt::format("run {}", program_invocation_name));
  return std::unique_ptr<Successor>(new Successor(process, std::move(ours)));
}

Successor::~Successor() {
  if (serves_) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

Result<void> Successor::wait_until_ready(Duration at_most) { return expect_word(channel_, ready, at_most); }

void Successor::give() { say(channel_, yours); }

Result<void> Successor::wait_until_it_serves(Duration at_most) {
  auto heard = expect_word(channel_, serving, at_most);
  serves_ = heard.has_value();
  return heard;
}

std::optional<Predecessor> Predecessor::find() {
  const int number = number_taken(channel_variable);
  const int journal = number_taken(journal_variable);
  if (number < first_socket) return std::nullopt;
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
  return Predecessor(Descriptor(number), journal);
}

void Predecessor::wait_for_journal() {
  say(channel_, ready);
  std::optional<std::string> heard;
  while (!heard) heard = hear(channel_, std::chrono::hours(1));
  if (*heard != yours) ::poll(nullptr, 0, death_takes_ms);
}

void Predecessor::tell_that_we_serve() { say(channel_, serving); }

}  // namespace standin
