#include "journal/commands.h"

namespace standin {
namespace {

class UnwrittenReply {
 public:
  UnwrittenReply(Unwritten how, const std::string& why) : how_(how), why_(why) {}

  Reply operator()(const KeepCommand&) const { return kept(); }
  Reply operator()(const ConcludeCommand&) const { return kept(); }
  Reply operator()(const RebindCommand&) const { return Applied::failed; }
  Reply operator()(const LeaseCommand&) const { return std::optional<Lease>(); }
  Reply operator()(const ApplyCommand&) const { return Applied::failed; }
  Reply operator()(const UndeliveredCommand&) const { return Applied::failed; }
  Reply operator()(const FollowUpCommand&) const { return Result<void>(failure(why_, "journal")); }
  Reply operator()(const ModeCommand&) const { return Result<void>(failure(why_, "journal")); }
  Reply operator()(const SwitchCommand&) const { return Result<void>(failure(why_, "journal")); }

 private:
  Kept kept() const { return how_ == Unwritten::certainly ? Kept::not_kept : Kept::unknown; }

  const Unwritten how_;
  const std::string& why_;
};

}  // namespace

Reply unwritten(const Command& command, Unwritten how, const std::string& why) {
  return std::visit(UnwrittenReply(how, why), command);
}

}  // namespace standin
