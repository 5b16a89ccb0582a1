#include "journal/runs.h"

#include <algorithm>

namespace standin {

Runs::Runs(Database& database, WallTime now, const std::optional<Boot>& boot) {
  Statement statement(database, "SELECT id, opened, boot, boot_began FROM runs ORDER BY id");
  Rows rows = statement.query();
  while (rows.next()) runs_.push_back({rows.integer(0), rows.time(1), {rows.text(2), rows.time(3)}});
  const std::int64_t id = runs_.empty() ? 1 : runs_.back().id + 1;
  runs_.push_back({id, now, boot.value_or(Boot{})});
}

void Runs::write_down(Database& database) const {
  Statement add(database, "INSERT INTO runs (id, opened, boot, boot_began) VALUES (?, ?, ?, ?)");
  const Run& here = runs_.back();
  add.execute(here.id, here.opened, here.boot.id, here.boot.began);
}

std::optional<Earlier> Runs::earlier(std::int64_t run) const {
  if (runs_.back().id == run) return std::nullopt;
  const Run& here = runs_.back();
  Earlier earlier{.opened = here.opened, .set_by = std::nullopt};
  const auto found = std::ranges::find(runs_, run, &Run::id);
  const bool same_boot = found != runs_.end() && !here.boot.id.empty() && found->boot.id == here.boot.id;
  if (same_boot) earlier.set_by = here.boot.began - found->boot.began;
  return earlier;
}

std::optional<Earlier> Runs::last() const {
  if (runs_.size() < 2) return std::nullopt;
  return earlier(runs_[runs_.size() - 2].id);
}

std::optional<Duration> age_of(const OrderRow& order, WallTime now, bool searched) {
  const bool sure = !order.earlier || order.earlier->set_by;
  WallTime created = order.created;
  if (order.earlier && order.earlier->set_by) created += std::min(*order.earlier->set_by, std::chrono::milliseconds(0));
  if ((!sure && searched) || created > now) return std::nullopt;
  return now - created;
}

}  // namespace standin
