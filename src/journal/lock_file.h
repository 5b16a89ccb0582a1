#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace standin {

/// Held by the one process that may use a journal; let go when destroyed, or by the operating system when the process
/// ends.
class LockFile {
 public:
  static Result<std::unique_ptr<LockFile>> take(const std::string& journal_path);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Creates the file, if it is not there, for its owner alone: SQLite gives its other files the same mode.
Result<void> create_private_file(const std::string& path);

}  // namespace standin
