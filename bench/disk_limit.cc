// The disk's own limit for durable orders: producers append to one file and share each fdatasync. No format, no index,
// no network: nothing that keeps orders durably on this disk can be faster.
//   disk_limit FILE PRODUCERS BYTES SECONDS      prints one line of JSON
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(std::string_view what) {
  fmt::print(stderr, "disk_limit: {}\n", what);
  std::exit(1);
}

double milliseconds_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

/// Whoever finds nobody syncing writes what all have left, and syncs it for them.
class SharedLog {
 public:
  explicit SharedLog(const char* path) : file_(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    if (file_ < 0) give_up("cannot create the file");
  }
  ~SharedLog() { close(file_); }
  SharedLog(const SharedLog&) = delete;
  SharedLog& operator=(const SharedLog&) = delete;

  /// The record is on stable storage when this returns.
  void append(std::string_view record) {
    std::unique_lock lock(mutex_);
    waiting_ += record;
    const std::size_t mine = filling_;
    while (durable_ <= mine) {
      if (syncing_) {
        synced_.wait(lock);
      } else {
        sync(lock);
      }
    }
  }

  /// Of each fdatasync; only when nobody appends any more.
  const std::vector<double>& sync_ms() const { return sync_ms_; }

 private:
  void sync(std::unique_lock<std::mutex>& lock) {
    syncing_ = true;
    writing_.swap(waiting_);
    const std::size_t batch = filling_++;
    lock.unlock();
    write_and_sync();
    lock.lock();
    writing_.clear();
    durable_ = batch + 1;
    syncing_ = false;
    synced_.notify_all();
  }

  void write_and_sync() {
    if (write(file_, writing_.data(), writing_.size()) != static_cast<ssize_t>(writing_.size()))
      give_up("cannot write");
    const Clock::time_point began = Clock::now();
    if (fdatasync(file_) != 0) give_up("cannot sync");
    sync_ms_.push_back(milliseconds_since(began));
  }

  const int file_;
  std::mutex mutex_;
  std::condition_variable synced_;
  std::string waiting_, writing_;
  std::size_t filling_ = 0;  ///< the batch that appends go to
  std::size_t durable_ = 0;  ///< batches before this one are on the disk
  bool syncing_ = false;
  std::vector<double> sync_ms_;
};

/// The latency of each append.
std::vector<double> produce(SharedLog& log, std::size_t bytes, Clock::time_point end) {
  const std::string record(bytes, 'x');
  std::vector<double> latency_ms;
  while (Clock::now() < end) {
    const Clock::time_point began = Clock::now();
    log.append(record);
    latency_ms.push_back(milliseconds_since(began));
  }
  return latency_ms;
}

std::vector<double> run_producers(SharedLog& log, std::size_t producers, std::size_t bytes, Clock::time_point end) {
  std::vector<std::vector<double>> each(producers);
  std::vector<std::thread> threads;
  for (auto& latency_ms : each) threads.emplace_back([&] { latency_ms = produce(log, bytes, end); });
  for (auto& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& latency_ms : each) all.insert(all.end(), latency_ms.begin(), latency_ms.end());
  return all;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) give_up("nothing was measured");
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * q)];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) give_up("usage: disk_limit FILE PRODUCERS BYTES SECONDS");
  SharedLog log(argv[1]);
  const Clock::time_point began = Clock::now();
  const auto end = began + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * std::atof(argv[4])));
  const auto latency_ms = run_producers(log, std::stoul(argv[2]), std::stoul(argv[3]), end);
  const double seconds = milliseconds_since(began) / 1000;
  fmt::print(
      R"({{"orders_per_s":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f},"fdatasync_ms":{:.3f},"orders_per_sync":{:.1f}}})"
      "\n",
      static_cast<double>(latency_ms.size()) / seconds, quantile(latency_ms, 0.5), quantile(latency_ms, 0.99),
      quantile(log.sync_ms(), 0.5), static_cast<double>(latency_ms.size()) / static_cast<double>(log.sync_ms().size()));
}
