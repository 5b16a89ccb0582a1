#include "upstream/error_window.h"

#include <algorithm>

namespace standin {

ErrorWindow::ErrorWindow(Duration window)
    : width_(std::max(window / static_cast<int>(std::tuple_size_v<decltype(buckets_)>), Duration(1))) {}

std::int64_t ErrorWindow::slot(Instant now) const { return now.time_since_epoch() / width_; }

void ErrorWindow::add(Instant now, bool bad) {
  const std::int64_t current = slot(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(current) % buckets_.size()];
  if (bucket.slot != current) bucket = {.slot = current};
  ++bucket.ends;
  if (bad) ++bucket.bad;
}

bool ErrorWindow::reaches(Instant now, unsigned minimum, double rate) const {
  const std::int64_t oldest = slot(now) - static_cast<std::int64_t>(buckets_.size()) + 1;
  unsigned ends = 0, bad = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.slot < oldest) continue;
    ends += bucket.ends;
    bad += bucket.bad;
  }
  return ends >= minimum && bad > 0 && bad >= rate * ends;
}

void ErrorWindow::clear() { buckets_.fill({}); }

}  // namespace standin
