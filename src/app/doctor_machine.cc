#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>

#include "app/doctor.h"
#include "vault/vault.h"

namespace standin {
namespace {

const std::string machine = "this machine";

/// Enough to meet a slow one; each is some milliseconds.
constexpr int syncs = 20;
constexpr std::size_t synced_bytes = 4096;
/// Every acceptance waits for one: beyond the first it shows at the till, beyond the second the commit budget of a
/// usual route is in danger.
constexpr Duration sync_slow = std::chrono::milliseconds(20);
constexpr Duration sync_too_slow = std::chrono::milliseconds(200);

/// What a process needs besides connections: the journal, logs, listeners, timers.
constexpr std::size_t files_besides = 100;

/// A file that is gone when this is.
class ScratchFile {
 public:
  explicit ScratchFile(const std::filesystem::path& folder) : path_((folder / ".standin-doctor-XXXXXX").string()) {
    fd_ = ::mkstemp(path_.data());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path_.c_str());
  }

  bool is_open() const { return fd_ >= 0; }
  bool append_and_sync(std::span<const char> bytes) {
    return ::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fdatasync(fd_) == 0;
  }

 private:
  std::string path_;
  int fd_ = -1;
};

Check disk_failed(const std::string& folder) {
  return {.subject = machine,
          .what = "disk",
          .verdict = CheckVerdict::failed,
          .detail = fmt::format("{}: {}", folder, std::strerror(errno)),
          .advice = "make the journal's folder, writable for the service's user, and run this as that user"};
}

Check examine_disk(const Config& config, const Clock& clock) {
  auto folder = std::filesystem::path(config.journal.path).parent_path();
  if (folder.empty()) folder = ".";
  ScratchFile file(folder);
  if (!file.is_open()) return disk_failed(folder.string());
  const std::vector<char> block(synced_bytes, 'x');
  std::vector<Duration> took;
  for (int i = 0; i < syncs; ++i) {
    const Instant begun = clock.now();
    if (!file.append_and_sync(block)) return disk_failed(folder.string());
    took.push_back(clock.now() - begun);
  }
  std::ranges::sort(took);
  const Duration median = took[took.size() / 2];
  Check check{.subject = machine, .what = "disk"};
  check.detail = fmt::format("{}: a sync takes {:.1f} ms, the longest of {} took {:.1f} ms", folder.string(),
                             seconds(median) * 1000, syncs, seconds(took.back()) * 1000);
  if (median < sync_slow) return check;
  check.verdict = median < sync_too_slow ? CheckVerdict::warning : CheckVerdict::failed;
  check.advice = "every acceptance waits for one: put the journal on a local disk with a protected write cache";
  return check;
}

Check examine_keys(const Config& config) {
  Check check{.subject = machine, .what = "keys"};
  const auto vault = Vault::load(config.journal.key_file);
  if (vault) {
    check.detail = fmt::format("{}: readable by its owner alone, {} sealing keys", config.journal.key_file,
                               vault->key_ids().size());
    return check;
  }
  check.verdict = CheckVerdict::failed;
  check.detail = fmt::format("{}: {}", config.journal.key_file, vault.error().what);
  check.advice = std::filesystem::exists(config.journal.key_file)
                     ? fmt::format("chmod 600 {0}, and let the service's user own it", config.journal.key_file)
                     : fmt::format("standin keys new {}", config.journal.key_file);
  return check;
}

Check examine_files(const Config& config) {
  std::size_t needed = config.server.connections_max + files_besides;
  for (const auto& [name, upstream] : config.upstreams) needed += upstream.concurrency;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  Check check{.subject = machine, .what = "files"};
  if (files.rlim_max == RLIM_INFINITY || files.rlim_max >= needed) {
    check.detail = fmt::format("this user may open as many files as the {} needed", needed);
    return check;
  }
  check.verdict = CheckVerdict::failed;
  check.detail = fmt::format("this user may open {} files; the limits of connections allow {}", files.rlim_max, needed);
  check.advice = fmt::format(
      "set LimitNOFILE={0} in the service's unit (ulimit -Hn {0} in a shell), or lower "
      "server.limits.connections",
      needed);
  return check;
}

}  // namespace

std::vector<Check> examine_machine(const Config& config, const Clock& clock) {
  return {examine_disk(config, clock), examine_keys(config), examine_files(config)};
}

}  // namespace standin
