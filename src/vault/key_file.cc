#include "vault/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vault/cipher.h"

namespace standin {
namespace {

constexpr std::size_t key_file_bytes_max = 1 << 20;

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> system_failure(std::string_view doing, const std::string& file) {
  return failure(fmt::format("cannot {} {}: {}", doing, file, std::strerror(errno)), file);
}

Result<void> check_mode(const File& opened, const std::string& file) {
  struct stat status{};
  if (::fstat(opened.descriptor(), &status) != 0) return system_failure("read", file);
  if ((status.st_mode & 0077) == 0) return {};
  return failure(fmt::format("others may read {} (mode {:04o}); allow its owner alone: chmod 600 {}", file,
                             status.st_mode & 07777, file),
                 file);
}

Result<std::string> read_all(const File& opened, const std::string& file) {
  std::string text(key_file_bytes_max, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(opened.descriptor(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", file);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

/// The name of a file is durable once its folder is.
Result<void> sync_folder(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash);
  const File opened(folder, O_RDONLY | O_DIRECTORY);
  if (!opened.is_open() || ::fsync(opened.descriptor()) != 0) return system_failure("sync", folder);
  return {};
}

Result<void> write_and_sync(const File& opened, const Keys& keys, const std::string& file) {
  std::string text = render_keys(keys);
  const bool written = write_all(opened.descriptor(), text) && ::fsync(opened.descriptor()) == 0;
  const int error = errno;
  cleanse(text);
  errno = error;
  if (!written) return system_failure("write", file);
  return {};
}

/// Root may rotate the keys of the service's own user, who must be able to read them afterwards.
Result<void> keep_owner(const File& opened, const std::string& of, const std::string& file) {
  struct stat status{};
  if (::stat(of.c_str(), &status) != 0) return system_failure("read", of);
  if (::fchown(opened.descriptor(), status.st_uid, status.st_gid) != 0)
    return system_failure("keep the owner of", file);
  return {};
}

}  // namespace

Result<Keys> read_key_file(const std::string& file) {
  const File opened(file, O_RDONLY);
  if (!opened.is_open() && errno == ENOENT) {
    return failure(fmt::format("there is no key file {}; make one: standin keys new {}", file, file), file);
  }
  if (!opened.is_open()) return system_failure("open", file);
  if (auto checked = check_mode(opened, file); !checked) return std::unexpected(checked.error());
  auto text = read_all(opened, file);
  if (!text) return std::unexpected(text.error());
  auto keys = parse_keys(*text, file);
  cleanse(*text);
  return keys;
}

Result<void> create_key_file(const std::string& file, const Keys& keys) {
  const File opened(file, O_WRONLY | O_CREAT | O_EXCL);
  if (!opened.is_open() && errno == EEXIST) {
    return failure(
        fmt::format("{} exists, and orders may be sealed with its keys; rotate it instead, or name another file", file),
        file);
  }
  if (!opened.is_open()) return system_failure("create", file);
  if (auto written = write_and_sync(opened, keys, file); !written) {
    ::unlink(file.c_str());
    return written;
  }
  return sync_folder(file);
}

Result<void> replace_key_file(const std::string& file, const Keys& keys) {
  const std::string fresh = file + ".new";
  const File opened(fresh, O_WRONLY | O_CREAT | O_EXCL);
  if (!opened.is_open() && errno == EEXIST) {
    return failure(
        fmt::format("{} exists: another rotation is under way, or one was interrupted; if none is, remove it", fresh),
        fresh);
  }
  if (!opened.is_open()) return system_failure("create", fresh);
  auto written = write_and_sync(opened, keys, fresh);
  if (written) written = keep_owner(opened, file, fresh);
  if (written && ::rename(fresh.c_str(), file.c_str()) != 0) written = system_failure("replace", file);
  if (!written) {
    ::unlink(fresh.c_str());
    return written;
  }
  return sync_folder(file);
}

}  // namespace standin
