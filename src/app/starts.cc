#include "app/starts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <sstream>
#include <vector>

namespace standin {
namespace {

/// What these deaths within this time mean: the next request, or what is read at the start, would do it again.
constexpr std::size_t deaths = 3;
constexpr std::chrono::minutes deaths_within(1);
constexpr std::size_t starts_kept = 8;

std::string read_all(int file) {
  std::string text(4096, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

/// Milliseconds since 1970, oldest first.
std::vector<std::int64_t> times_in(const std::string& lines) {
  std::vector<std::int64_t> times;
  std::istringstream in(lines);
  for (std::int64_t time = 0; in >> time;) times.push_back(time);
  return times;
}

}  // namespace

// When a process died is known from when the next one was started: with this one, three deaths are known within a
// minute if the second last start before it was no longer ago.
Starts::Starts(const std::string& journal_path, WallTime now)
    : file_(::open((journal_path + ".starts").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (!file_ || ::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
    file_ = Descriptor();
    return;
  }
  before_ = read_all(file_.number());
  std::vector<std::int64_t> times = times_in(before_);
  const std::int64_t at = now.time_since_epoch().count();
  const std::int64_t within = std::chrono::milliseconds(deaths_within).count();
  const std::size_t known = times.size();
  too_many_ = known >= deaths && at - times[known - deaths + 1] <= within;
  times.push_back(at);
  if (times.size() > starts_kept) times.erase(times.begin(), times.end() - static_cast<std::ptrdiff_t>(starts_kept));
  write(fmt::format("{}\n", fmt::join(times, "\n")));
}

void Starts::forget() { write(""); }

void Starts::take_back() { write(before_); }

void Starts::write(const std::string& lines) {
  if (!file_) return;
  const bool written = ::ftruncate(file_.number(), 0) == 0 &&
                       ::pwrite(file_.number(), lines.data(), lines.size(), 0) == static_cast<ssize_t>(lines.size());
  static_cast<void>(written);  // a full disk: the starts are not counted
}

}  // namespace standin
