#include "journal/absent_journal.h"

namespace standin {

Task<Kept> AbsentJournal::keep(NewOrder) { co_return Kept::not_kept; }
Task<Kept> AbsentJournal::conclude(Conclusion) { co_return Kept::not_kept; }
Task<Applied> AbsentJournal::rebind(Lease, std::string) { co_return Applied::failed; }
Task<Applied> AbsentJournal::mark_undelivered(Ulid, State, std::string) { co_return Applied::failed; }
Task<std::optional<Lease>> AbsentJournal::lease(Ulid, std::string, WallTime, Attempt) { co_return std::nullopt; }
Task<Applied> AbsentJournal::apply(Change) { co_return Applied::failed; }

Task<Result<void>> AbsentJournal::update_follow_up(std::int64_t, std::string, std::string, std::string) {
  co_return absent();
}
Task<Result<void>> AbsentJournal::set_mode(ModeRow) { co_return absent(); }
Task<Result<void>> AbsentJournal::set_switch(SwitchRow) { co_return absent(); }

Result<Sealed> AbsentJournal::answer(const Ulid&) { return absent(); }
Result<Sealed> AbsentJournal::request(const Ulid&) { return absent(); }
Result<std::vector<OrderRow>> AbsentJournal::orders(const OrderFilter&) { return absent(); }
Result<std::vector<TransitionRow>> AbsentJournal::transitions(const Ulid&) { return absent(); }
Result<std::vector<Attempt>> AbsentJournal::attempts(const Ulid&) { return absent(); }
Result<std::size_t> AbsentJournal::waiting(const std::string&) { return absent(); }
Result<std::vector<FollowUpRow>> AbsentJournal::follow_ups(bool) { return absent(); }
Result<std::optional<Ulid>> AbsentJournal::holder(const std::string&, const std::string&) { return absent(); }

Result<std::vector<ModeRow>> AbsentJournal::modes() {
  std::vector<ModeRow> rows;
  for (const std::string& route : off_)
    rows.push_back({.route = route, .mode = Mode::off, .who = "standin", .why = reason_});
  return rows;
}

}  // namespace standin
