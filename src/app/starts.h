#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "net/inherited.h"

namespace standin {

/// The starts of this service since it last ended as it was told to, in a file beside the journal: how the next process
/// knows that those before it were killed or aborted.
class Starts {
 public:
  /// Writes down that a process starts now. A file that cannot be written, or is another process's, counts nothing.
  Starts(const std::string& journal_path, WallTime now);

  /// Three processes before this one ended otherwise than they were told to, the last of them within a minute.
  bool too_many() const { return too_many_; }
  /// This one ends as it was told to.
  void forget();
  /// This one could not begin, for a reason that it tells: it counts for nothing.
  void take_back();

 private:
  void write(const std::string& lines);

  Descriptor file_;
  std::string before_;
  bool too_many_ = false;
};

}  // namespace standin
