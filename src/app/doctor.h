#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "net/probe.h"

/// What `standin doctor` looks at, each as a verdict with what to do about it.
namespace standin {

enum class CheckVerdict : std::uint8_t { good, warning, failed, not_tested };
std::string_view name(CheckVerdict verdict);

struct Check {
  std::string subject;  ///< "cardgate https://www-01.gateway.example/gate", "this machine"
  std::string what;     ///< "name", "tcp", "tls", "ping", "clock", "disk", "keys", "journal", "log", "files"
  CheckVerdict verdict = CheckVerdict::good;
  std::string detail;
  std::string advice;  ///< what to do; "" if nothing is to be done
};

/// One target of one upstream, as `subject` names it.
struct ProbedTarget {
  std::string subject;
  const UpstreamConfig* upstream = nullptr;
  Endpoint endpoint;
  TargetProbe probe;
};

/// A probe's steps as checks. `now`: what certificates expire after.
std::vector<Check> judge(const ProbedTarget& target, WallTime now);

/// What must be let out of this network.
struct FirewallRule {
  std::string to;  ///< an address, or whose addresses they are
  std::uint16_t port = 0;
  std::string protocol;  ///< "tcp", or "udp and tcp"
  std::string purpose;   ///< the name that it serves

  auto operator<=>(const FirewallRule&) const = default;
};
std::vector<FirewallRule> firewall_rules(const Config& config, const std::vector<ProbedTarget>& targets);

/// The journal's disk, the key file and whether the journal is sealed with it, the access log and this process's
/// limits.
std::vector<Check> examine_machine(const Config& config, const Clock& clock);

}  // namespace standin
