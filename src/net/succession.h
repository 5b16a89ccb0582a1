#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/inherited.h"

namespace standin {

/// The process that is to take over from this one, started by it: of the program that is in our place by now, or is
/// ours still (docs/decisions/0017). Without a word of it, nothing has changed for us.
class Successor {
 public:
  /// Starts it with these arguments, and with these sockets beside our own environment. `journal`: the version of what
  /// it is to read.
  static Result<std::unique_ptr<Successor>> start(std::vector<std::string> arguments, const std::vector<int>& sockets,
                                                  int journal);
  /// Ends it, unless it serves.
  ~Successor();
  Successor(const Successor&) = delete;

  /// It has read the configuration and everything else that can be wrong but the journal.
  Result<void> wait_until_ready(Duration at_most);
  /// The journal is let go of, and nobody accepts connections: it is its turn.
  void give();
  Result<void> wait_until_it_serves(Duration at_most);
  pid_t process() const { return process_; }

 private:
  Successor(pid_t process, Descriptor channel) : process_(process), channel_(std::move(channel)) {}

  pid_t process_;
  Descriptor channel_;
  bool serves_ = false;
};

/// The process that started this one to take over from it.
class Predecessor {
 public:
  /// Nothing if nobody did.
  static std::optional<Predecessor> find();
  /// The version of its journal.
  int journal() const { return journal_; }

  /// Says that all is ready but the journal, and waits until it is ours; also if the other dies meanwhile.
  void wait_for_journal();
  void tell_that_we_serve();

 private:
  Predecessor(Descriptor channel, int journal) : channel_(std::move(channel)), journal_(journal) {}

  Descriptor channel_;
  int journal_;
};

}  // namespace standin
