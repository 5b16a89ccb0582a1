#include "journal/commands.h"

namespace standin {
namespace {

struct UnwrittenReply {
  Unwritten how;
  const std::string& why;

  Reply operator()(const KeepCommand&) const { return how == Unwritten::certainly ? Kept::not_kept : Kept::unknown; }
  Reply operator()(const LeaseCommand&) const { return std::optional<Lease>(); }
  Reply operator()(const ApplyCommand&) const { return Applied::failed; }
  Reply operator()(const UndeliveredCommand&) const { return Applied::failed; }
  Reply operator()(const FollowUpCommand&) const { return Result<void>(failure(why, "journal")); }
  Reply operator()(const ModeCommand&) const { return Result<void>(failure(why, "journal")); }
};

}  // namespace

Reply unwritten(const Command& command, Unwritten how, const std::string& why) {
  return std::visit(UnwrittenReply{how, why}, command);
}

}  // namespace standin
