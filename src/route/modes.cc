#include "route/modes.h"

namespace standin {
namespace {

bool in_force(const ModeRow& row, WallTime now) { return row.until == WallTime{} || now < row.until; }

}  // namespace

Result<std::unique_ptr<Modes>> Modes::load(Journal& journal) {
  auto rows = journal.modes();
  if (!rows) return std::unexpected(rows.error());
  std::unique_ptr<Modes> modes(new Modes(journal));
  for (ModeRow& row : *rows) modes->changed_[row.route] = std::move(row);
  return modes;
}

Mode Modes::of(const RouteConfig& route, WallTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = changed_.find(route.name);
  return found != changed_.end() && in_force(found->second, now) ? found->second.mode : route.mode;
}

Task<Result<void>> Modes::set(ModeRow mode) {
  const auto written = co_await journal_.set_mode(mode);
  if (written) {
    const std::lock_guard lock(mutex_);
    changed_[mode.route] = mode;
  }
  co_return written;
}

std::vector<ModeRow> Modes::changed(WallTime now) const {
  const std::lock_guard lock(mutex_);
  std::vector<ModeRow> rows;
  for (const auto& [route, row] : changed_) {
    if (in_force(row, now)) rows.push_back(row);
  }
  return rows;
}

}  // namespace standin
