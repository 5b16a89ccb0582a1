#include "app/demo_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>

#include "app/demo_signals.h"
#include "net/asio_clock.h"

namespace standin::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t last_lines = 5;
/// SIGCHLD wakes earlier.
constexpr Duration look_again_after = 100ms;
constexpr int could_not_run = 127;

/// After fork in a program with threads: nothing here may allocate or lock.
[[noreturn]] void become(const std::vector<char*>& arguments, const char* folder, int log, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);  // Ctrl-C is for the demo: it ends its children in order
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(could_not_run);  // it died in between
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (chdir(folder) == 0) execv("/proc/self/exe", arguments.data());
  _exit(could_not_run);
}

std::string described(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
  return fmt::format("status {}", WEXITSTATUS(status));
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<Child> Child::start(std::string name, const std::vector<std::string>& arguments, const std::string& folder,
                           const std::string& log) {
  const std::string path = folder + "/" + log;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return failure(std::strerror(errno), path);
  std::vector<std::string> words{"standin"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::vector<char*> pointers = pointers_to(words);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) become(pointers, folder.c_str(), file, parent);
  const int error = errno;
  ::close(file);
  if (process < 0) return failure(std::strerror(error), name);
  return Child(std::move(name), process, path);
}

Child::Child(std::string name, pid_t process, std::string log)
    : name_(std::move(name)), process_(process), log_(std::move(log)) {}

Child::Child(Child&& other) noexcept
    : name_(std::move(other.name_)),
      process_(std::exchange(other.process_, -1)),
      log_(std::move(other.log_)),
      status_(other.status_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill();
  name_ = std::move(other.name_);
  process_ = std::exchange(other.process_, -1);
  log_ = std::move(other.log_);
  status_ = other.status_;
  return *this;
}

Child::~Child() { kill(); }

std::optional<std::string> Child::ended() {
  int status = 0;
  if (running() && waitpid(process_, &status, WNOHANG) == process_) status_ = status;
  if (!status_) return std::nullopt;
  return described(*status_);
}

void Child::signal(int number) const {
  if (running()) ::kill(process_, number);
}

void Child::kill() {
  if (!running()) return;
  ::kill(process_, SIGKILL);
  int status = 0;
  waitpid(process_, &status, 0);
  status_ = status;
}

void Child::wait(Duration patience) {
  boost::asio::io_context io(1);
  const AsioClock clock(io.get_executor());
  const Instant end = clock.now() + patience;
  while (!ended() && clock.now() < end) {
    if (next_signal(look_again_after) == Signal::stop) break;
  }
  kill();
}

std::string Child::last_words() const {
  std::ifstream file(log_);
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(std::move(line));
    if (lines.size() > last_lines) lines.pop_front();
  }
  std::string words;
  for (const std::string& line : lines) words += "  " + line + "\n";
  return words;
}

}  // namespace standin::demo
