#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace standin {

/// Lines on their way to a file. To write one copies it to memory and wakes nobody: waking a thread for each line cost
/// a tenth of a stood-in request. A thread of its own hands on what has gathered, once a second or when it is much.
class LineFile {
 public:
  /// The file is appended to; "-" is standard output. Throws std::system_error when it cannot be opened.
  explicit LineFile(const std::string& path);
  /// Hands on what has gathered.
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// `line` is without its end. Any thread; never waits for the file: when it does not keep up, lines are dropped and
  /// counted.
  void write(std::string_view line);
  /// What has gathered still goes to the file as it is; what comes after this goes to the one that has the path then.
  /// If that cannot be opened, the old one stays and an error is logged. Any thread; never waits.
  void reopen();
  std::size_t dropped() const { return dropped_; }

 private:
  void run();
  void hand_on(std::string_view lines);
  void open_again();

  const std::string path_;
  int file_;
  std::mutex mutex_;
  std::condition_variable much_gathered_;
  std::string gathered_;
  bool stopping_ = false;
  bool reopening_ = false;
  std::atomic<std::size_t> dropped_ = 0;
  std::thread thread_;
};

}  // namespace standin
