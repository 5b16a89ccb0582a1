#include "journal/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace standin {
namespace {

std::unexpected<Error> cannot_create(const std::string& path) {
  return failure(fmt::format("cannot create {}: {}; its folder must exist and be writable by this user", path,
                             std::strerror(errno)),
                 path);
}

}  // namespace

Result<std::unique_ptr<LockFile>> LockFile::take(const std::string& journal_path) {
  const std::string path = journal_path + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return cannot_create(path);
  std::unique_ptr<LockFile> lock(new LockFile(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  return failure(fmt::format("another process uses the journal {} (it holds {}); stop it, or give each its own journal",
                             journal_path, path),
                 path);
}

LockFile::~LockFile() { ::close(descriptor_); }

Result<void> create_private_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return cannot_create(path);
  ::close(descriptor);
  return {};
}

}  // namespace standin
