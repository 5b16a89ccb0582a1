#include "telemetry/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "telemetry/log.h"

namespace standin {
namespace {

/// How long a line may stay in memory.
constexpr std::chrono::seconds gather_at_most{1};
/// Handed on at once: longer would make no write cheaper.
constexpr std::size_t much = 64 << 10;
/// At 20,000 requests a second, 0.5 s of a disk that hangs.
constexpr std::size_t gathered_max = 2 << 20;

int open_to_append(const std::string& path) {
  if (path == "-") return dup(STDOUT_FILENO);
  std::error_code ignored;  // a folder that cannot be made is a file that cannot be opened
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

int opened(const std::string& path) {
  const int file = open_to_append(path);
  if (file < 0) throw std::system_error(errno, std::generic_category());
  return file;
}

std::size_t lines_in(std::string_view text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

}  // namespace

LineFile::LineFile(const std::string& path) : path_(path), file_(opened(path)), thread_([this] { run(); }) {}

LineFile::~LineFile() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  much_gathered_.notify_one();
  thread_.join();
  close(file_);
}

void LineFile::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (gathered_.size() + line.size() >= gathered_max) {
    ++dropped_;
    return;
  }
  const bool was_little = gathered_.size() < much;
  gathered_.append(line).push_back('\n');
  if (was_little && gathered_.size() >= much) much_gathered_.notify_one();
}

void LineFile::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopening_ = true;
  }
  much_gathered_.notify_one();
}

void LineFile::run() {
  std::string lines;
  std::unique_lock lock(mutex_);
  while (!stopping_ || !gathered_.empty()) {
    much_gathered_.wait_for(lock, gather_at_most,
                            [this] { return stopping_ || reopening_ || gathered_.size() >= much; });
    lines.clear();
    lines.swap(gathered_);
    const bool reopening = std::exchange(reopening_, false);
    lock.unlock();
    hand_on(lines);
    if (reopening) open_again();
    lock.lock();
  }
}

void LineFile::hand_on(std::string_view lines) {
  while (!lines.empty()) {
    const ssize_t written = ::write(file_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      dropped_ += lines_in(lines);
      return;
    }
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

void LineFile::open_again() {
  const int file = open_to_append(path_);
  if (file < 0) {
    const std::string why = std::generic_category().message(errno);
    Log::error("log_not_reopened", path_ + ": " + why + "; lines go on to the file that was open");
    return;
  }
  close(std::exchange(file_, file));
}

}  // namespace standin
