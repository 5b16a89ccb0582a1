#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/demo_child.h"
#include "app/demo_config.h"
#include "app/demo_plan.h"
#include "base/result.h"
#include "net/local_port.h"
#include "rehearsal/gateway/payment.h"
#include "rehearsal/shop_model.h"

namespace standin::demo {

/// What the demo plays on: a folder, some ports, the processes of the gateway, the shop and standin.
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
  Result<void> start_gateway();
  Result<void> set_faults(const rehearsal::Faults& faults) const;
  Result<void> set_gateway_faults(const std::vector<rehearsal::GatewayFault>& faults) const;
  void kill_shop();
  /// An error if a process that should run does not.
  Result<void> all_alive();
  /// Ends them in order. An error if one did not end as it should.
  Result<void> stop();
  /// The folder stays, whatever it was.
  void keep_folder() { temporary_ = false; }

  const std::string& folder() const { return folder_; }
  std::string socket() const { return folder_ + "/standin.sock"; }
  std::string shop_url() const;
  std::string edge_url() const;
  std::string console_url() const;
  /// Where it is told what is wrong with it.
  std::string gateway_control_url() const;
  std::uint16_t console_port() const { return port(console); }
  Result<rehearsal::Books> books() const;
  /// The gateway's ledger.
  Result<std::vector<rehearsal::Payment>> payments() const;

 private:
  Stage(std::string folder, bool temporary, std::vector<LocalPort> ports);
  Result<void> prepare(const Plan& plan) const;
  /// Until `ready`, or the process has ended, or time is over.
  Result<void> wait_until(Child& child, const std::function<bool()>& ready) const;

  std::string folder_;  ///< empty once moved from
  bool temporary_;
  enum Place : std::size_t { shop, edge, console, gateway_control, first_location };
  std::uint16_t port(std::size_t place) const { return ports_[place].number(); }
  Ports listening() const;

  std::vector<LocalPort> ports_;  ///< by Place
  std::optional<Child> gateway_process_, shop_process_, standin_process_;
};

}  // namespace standin::demo
