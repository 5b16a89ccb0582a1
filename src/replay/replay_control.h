#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/ulid.h"

namespace standin {

/// Which orders a person wants delivered now.
struct ReplayOrder {
  std::optional<Ulid> order;   ///< one order
  std::string route;           ///< every due order of one route; with neither, of all routes
  std::optional<double> rate;  ///< orders a second, in place of the configured one
};

struct ReplayStatus {
  std::string route;
  bool running = false;
  bool paused = false;
  std::string why;  ///< paused: by whom, or which answer made it pause
  double rate = 0;  ///< orders a second, as adapted
  unsigned in_flight = 0;
  std::size_t waiting = 0;  ///< accepted and held orders not yet delivered
  std::size_t settled = 0, matched = 0, refused = 0, held = 0, failed = 0;  ///< since it was started
};

/// What a person may tell the replay. Any thread; returns at once.
class ReplayControl {
 public:
  virtual ~ReplayControl() = default;
  virtual Result<void> start(const ReplayOrder& what) = 0;
  /// "" is every route.
  virtual Result<void> pause(const std::string& route, const std::string& who) = 0;
  virtual Result<void> resume(const std::string& route) = 0;
  virtual Result<void> stop(const std::string& route) = 0;
  virtual std::vector<ReplayStatus> status() const = 0;
};

}  // namespace standin
