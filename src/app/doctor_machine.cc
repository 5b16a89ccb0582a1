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
#include "app/journal_keys.h"
#include "journal/journal_reader.h"
#include "journal/schema.h"
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

Check examine_keys(const Config& config, const Result<Vault>& vault) {
  Check check{.subject = machine, .what = "keys"};
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

/// Beside a process that uses it, and without changing it. The error is what `serve` would refuse it for.
Result<std::string> compare_keys(const Config& config, const Vault& vault, WallTime now) {
  const std::string& path = config.journal.path;
  auto database = Database::open(path, {.read_only = true});
  if (!database) return std::unexpected(database.error());
  const auto version = (*database)->integer("PRAGMA user_version");
  if (const auto failed = (*database)->take_failure()) return failure(fmt::format("{}: {}", path, failed->what), path);
  if (version > journal_version) {
    return failure(path + " was written by a newer standin: run that version, or a newer one", path);
  }
  if (version < journal_version) return path + " is of an earlier version: `standin serve` compares them";
  JournalReader reader(**database, Runs(**database, now, std::nullopt));
  const auto newest = reader.orders(newest_orders(), now);
  if (!newest) return std::unexpected(newest.error());
  const auto request = [&](const Ulid& id) { return reader.sealed(id, JournalReader::Part::request); };
  if (auto own = is_sealed_with(vault, config.journal, *newest, request); !own) return std::unexpected(own.error());
  return path + (newest->empty() ? " holds no order yet: any keys fit" : " was sealed with these keys");
}

Check examine_journal(const Config& config, const Result<Vault>& vault, const Clock& clock) {
  Check check{.subject = machine, .what = "journal"};
  std::error_code unreadable;
  if (!std::filesystem::exists(config.journal.path, unreadable)) {
    check.detail = fmt::format("{} is not there yet: `standin serve` begins it", config.journal.path);
    return check;
  }
  if (!vault) {
    check.verdict = CheckVerdict::not_tested;
    check.detail = "without its keys it cannot be read";
    return check;
  }
  const auto compared = compare_keys(config, *vault, clock.wall());
  check.detail = compared ? *compared : compared.error().what;
  if (compared) return check;
  check.verdict = CheckVerdict::failed;
  check.advice =
      "name the key file that the journal was begun with (journal.key_file), and run this as the service's user";
  return check;
}

/// Why `serve` could not append there, or 0: it makes the file, and its folder, where they are missing.
int cannot_append(const std::filesystem::path& file) {
  std::error_code unreadable;
  if (std::filesystem::is_directory(file, unreadable)) return EISDIR;
  if (::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) == 0) return 0;
  if (errno != ENOENT) return errno;
  std::filesystem::path folder = file.parent_path();
  while (!folder.empty() && !std::filesystem::exists(folder, unreadable)) folder = folder.parent_path();
  return ::faccessat(AT_FDCWD, (folder / ".").c_str(), W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

Check examine_log(const Config& config) {
  const std::string& file = config.log.access;
  Check check{.subject = machine, .what = "log", .detail = file + ": can be written"};
  if (file.empty() || file == "-") {
    check.detail = "no file is written";
    return check;
  }
  const int wrong = cannot_append(file);
  if (wrong == 0) return check;
  check.verdict = CheckVerdict::failed;
  check.detail = fmt::format("{}: {}", file, std::strerror(wrong));
  check.advice = "make its folder and let the service's user write there, or set log.access; run this as that user";
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
  const auto vault = Vault::load(config.journal.key_file);
  return {examine_disk(config, clock), examine_keys(config, vault), examine_journal(config, vault, clock),
          examine_log(config), examine_files(config)};
}

}  // namespace standin
