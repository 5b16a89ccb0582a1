#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/demo_child.h"
#include "app/demo_config.h"
#include "app/demo_plan.h"
#include "base/result.h"
#include "net/local_port.h"
#include "rehearsal/shop_model.h"

namespace standin::demo {

/// What the demo plays on: a folder, three ports, the shop's process and standin's.
class Stage {
 public:
  /// `keep`: the folder to use and leave, which must be new or empty; "": a temporary one.
  static Result<Stage> open(const Plan& plan, const std::string& keep);
  Stage(Stage&& other) noexcept;
  /// Ends what still runs, and removes a temporary folder.
  ~Stage();

  /// Starts it and gives it time to listen.
  Result<void> start_shop(const rehearsal::Faults& faults);
  Result<void> start_standin();
  Result<void> set_faults(const rehearsal::Faults& faults) const;
  void kill_shop();
  /// An error if a process that should run does not.
  Result<void> all_alive();
  /// Ends both in order. An error if one did not end as it should.
  Result<void> stop();
  /// The folder stays, whatever it was.
  void keep_folder() { temporary_ = false; }

  const std::string& folder() const { return folder_; }
  std::string socket() const { return folder_ + "/standin.sock"; }
  std::string shop_url() const;
  std::string edge_url() const;
  std::string console_url() const;
  std::uint16_t console_port() const { return console_.number(); }
  Result<rehearsal::Books> books() const;

 private:
  Stage(std::string folder, bool temporary, LocalPort shop, LocalPort edge, LocalPort console);
  Result<void> prepare(const Plan& plan) const;
  /// Until `ready`, or the process has ended, or time is over.
  Result<void> wait_until(Child& child, const std::function<bool()>& ready) const;

  std::string folder_;  ///< empty once moved from
  bool temporary_;
  LocalPort shop_, edge_, console_;
  std::optional<Child> shop_process_, standin_process_;
};

}  // namespace standin::demo
