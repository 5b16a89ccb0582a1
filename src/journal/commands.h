#pragma once

#include <optional>
#include <string>
#include <variant>

#include "journal/journal.h"

namespace standin {

/// What the writer is asked to do, one step of one order's life each.
struct KeepCommand {
  NewOrder order;
};
struct ConcludeCommand {
  Conclusion conclusion;
};
struct RebindCommand {
  Lease lease;
  std::string upstream;
};
struct LeaseCommand {
  Ulid id;
  std::string owner;
  WallTime until{};
  Attempt attempt;
};
struct ApplyCommand {
  Change change;
};
struct UndeliveredCommand {
  Ulid id;
  State to = State::held;
  std::string why;
};
struct FollowUpCommand {
  std::int64_t id = 0;
  std::string action, who, text;
};
struct ModeCommand {
  ModeRow mode;
};
struct SwitchCommand {
  SwitchRow row;
};
using Command = std::variant<KeepCommand, ConcludeCommand, RebindCommand, LeaseCommand, ApplyCommand,
                             UndeliveredCommand, FollowUpCommand, ModeCommand, SwitchCommand>;

/// What the command came to; the alternative follows from the command's kind.
using Reply = std::variant<Kept, std::optional<Lease>, Applied, Result<void>>;

/// How a command that did not come to a decision ended.
enum class Unwritten {
  certainly,  ///< not written
  perhaps,    ///< it may be on the disk
};
Reply unwritten(const Command& command, Unwritten how, const std::string& why);

}  // namespace standin
