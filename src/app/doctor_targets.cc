#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "app/doctor.h"

namespace standin {
namespace {

constexpr Duration expires_soon = std::chrono::days(30);
/// A clock further off than this shows in the windows in which similar charges are searched; much further, in
/// everything that is signed with a time.
constexpr Duration skew_noticed = std::chrono::seconds(5);
constexpr Duration skew_wrong = std::chrono::seconds(60);

std::string span(Duration took) { return fmt::format("{:.1f} ms", seconds(took) * 1000); }

std::string at(const ProbedTarget& target, const AddressProbe& address) {
  if (target.endpoint.port == 0) return address.address;
  const bool v6 = address.address.contains(':');
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.address, v6 ? "]" : "", target.endpoint.port);
}

Check judge_name(const ProbedTarget& target) {
  const TargetProbe& probe = target.probe;
  Check check{.subject = target.subject, .what = "name"};
  if (!probe.resolve.good) {
    check.verdict = CheckVerdict::failed;
    check.detail = probe.resolve.problem;
    check.advice = fmt::format(
        "check the spelling in upstream.{0}.targets, and that this machine's name servers answer (UDP and TCP port "
        "53); "
        "until they do, pin the addresses in upstream.{0}.addresses",
        target.upstream->name);
    return check;
  }
  if (!probe.name) {
    check.detail = target.endpoint.port == 0 ? "a Unix socket" : "a numeric address";
    return check;
  }
  std::vector<std::string> addresses;
  for (const auto& address : probe.name->addresses) addresses.push_back(address.address);
  check.detail = fmt::format("{} is {}", probe.name->name, fmt::join(addresses, ", "));
  if (probe.name->pinned) check.detail += ", pinned by the configuration";
  if (probe.ttl > Duration::zero()) check.detail += fmt::format(", for {:.0f} s", seconds(probe.ttl));
  return check;
}

std::string advice_for_connect(const std::string& problem, const std::string& where) {
  if (problem == "no answer in time") {
    return fmt::format("something on the way drops it: let TCP to {} out of the firewall", where);
  }
  if (problem == "Connection refused") {
    return fmt::format("nothing listens at {}: is the party up, and its port right?", where);
  }
  if (problem == "Network is unreachable") return "this machine has no route there: add one, or pin other addresses";
  return "see that this machine can reach it, as the service's user";
}

/// An address that cannot be used is an outage in waiting, also while others can; but a machine without IPv6 is none.
Check judge_connect(const ProbedTarget& target, const AddressProbe& address) {
  const std::string where = at(target, address);
  Check check{.subject = target.subject, .what = "tcp"};
  if (address.connect.good) {
    check.detail = fmt::format("{} in {}", where, span(address.connect.took));
    if (address.connect.took > target.upstream->timeouts.connect) {
      check.verdict = CheckVerdict::warning;
      check.advice = "raise timeouts.connect above this, or find out why it is slow";
    }
    return check;
  }
  const bool another = std::ranges::any_of(target.probe.addresses, [](const auto& each) { return each.connect.good; });
  const bool only_no_route = another && address.connect.problem == "Network is unreachable";
  check.verdict = only_no_route ? CheckVerdict::warning : CheckVerdict::failed;
  check.detail = fmt::format("{}: {}", where, address.connect.problem);
  check.advice = advice_for_connect(address.connect.problem, where);
  return check;
}

std::string advice_for_tls(const ProbedTarget& target, const TlsPeer& peer) {
  switch (peer.distrust) {
    case Distrust::none: return "see that the port speaks TLS 1.2 or 1.3";
    case Distrust::expired: return "tell the party to renew its certificate; until then nothing is sent there";
    case Distrust::not_yet_valid: return "check this machine's clock; if it is right, tell the party";
    case Distrust::wrong_name:
      return fmt::format("use the name that the certificate is for in upstream.{}.targets, or check the pinned address",
                         target.upstream->name);
    case Distrust::unknown_issuer:
      return fmt::format(
          "install the ca-certificates package; for a private authority set upstream.{}.tls.ca_file; and see that the "
          "server sends its intermediate certificates",
          target.upstream->name);
    case Distrust::other: return "tell the party: its certificate cannot be trusted";
  }
  unreachable();
}

Check judge_tls(const ProbedTarget& target, const AddressProbe& address, WallTime now) {
  const TlsPeer& peer = address.peer;
  Check check{.subject = target.subject, .what = "tls"};
  const std::string certificate =
      peer.subject.empty() ? ""
                           : fmt::format(", {}, valid until {}", peer.subject, iso8601(peer.expires).substr(0, 10));
  if (!address.handshake->good) {
    check.verdict = CheckVerdict::failed;
    check.detail = fmt::format("{}: {}{}", at(target, address), address.handshake->problem, certificate);
    check.advice = advice_for_tls(target, peer);
    return check;
  }
  check.detail = fmt::format("{} {}{}", at(target, address), peer.version, certificate);
  if (peer.expires - now < expires_soon) {
    check.verdict = CheckVerdict::warning;
    check.advice = fmt::format("it expires in {} days: ask the party to renew it",
                               std::chrono::floor<std::chrono::days>(peer.expires - now).count());
  }
  return check;
}

/// "ca403" of "UP:ca403": data centre ca4, cluster 03.
std::string location_of(const PingAnswer& ping) {
  const auto colon = ping.says.find(':');
  return colon == std::string::npos ? "" : ping.says.substr(colon + 1);
}

Check judge_ping(const ProbedTarget& target, const AddressProbe& address) {
  const HealthConfig& health = target.upstream->health;
  const PingAnswer& ping = *address.ping;
  const std::string where = at(target, address);
  Check check{.subject = target.subject, .what = "ping"};
  if (!ping.step.good) {
    check.verdict = CheckVerdict::failed;
    check.detail = fmt::format("{}: {}", where, ping.step.problem);
    check.advice = "the connection is good and the party does not answer: ask it, and watch its status page";
    return check;
  }
  const std::string location = location_of(ping);
  check.detail = fmt::format("{} says \"{}\" with status {} in {}{}", where, ping.says, ping.status,
                             span(ping.step.took), location.empty() ? "" : ", location and cluster " + location);
  if (ping.status == 200 && ping.says.starts_with("DOWN") && !health.expect.empty()) {
    check.verdict = CheckVerdict::warning;
    check.advice = "planned maintenance, mostly: it is used as a last resort until it says otherwise";
  } else if (ping.status != 200 || !ping.says.starts_with(health.expect)) {
    check.verdict = CheckVerdict::failed;
    check.advice = fmt::format("expected is status 200 and \"{}\": check upstream.{}.health", health.expect,
                               target.upstream->name);
  } else if (ping.step.took > health.timeout) {
    check.verdict = CheckVerdict::warning;
    check.advice = "slower than health.timeout, so that the health monitor takes it for bad";
  }
  return check;
}

Check judge_clock(const ProbedTarget& target, const PingAnswer& ping) {
  Check check{.subject = target.subject, .what = "clock"};
  const double skew = seconds(*ping.skew);
  const Duration off = std::chrono::abs(*ping.skew);
  check.detail = off < std::chrono::seconds(1) ? "the party's clock agrees with this machine's"
                                               : fmt::format("the party's clock is {:.0f} s {} this machine's",
                                                             std::abs(skew), skew < 0 ? "behind" : "ahead of");
  if (off < skew_noticed) return check;
  check.verdict = off < skew_wrong ? CheckVerdict::warning : CheckVerdict::failed;
  check.advice = "let NTP set this machine's clock (timedatectl says whether it does); if it is right, tell the party";
  return check;
}

}  // namespace

std::string_view name(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::good: return "good";
    case CheckVerdict::warning: return "warning";
    case CheckVerdict::failed: return "failed";
    case CheckVerdict::not_tested: return "not tested";
  }
  unreachable();
}

std::vector<Check> judge(const ProbedTarget& target, WallTime now) {
  std::vector<Check> checks{judge_name(target)};
  bool clock_judged = false;
  for (const AddressProbe& address : target.probe.addresses) {
    checks.push_back(judge_connect(target, address));
    if (address.handshake) checks.push_back(judge_tls(target, address, now));
    if (!address.ping) continue;
    checks.push_back(judge_ping(target, address));
    if (address.ping->skew && !std::exchange(clock_judged, true)) checks.push_back(judge_clock(target, *address.ping));
  }
  if (target.upstream->health.path.empty()) {
    checks.push_back({.subject = target.subject,
                      .what = "ping",
                      .verdict = CheckVerdict::not_tested,
                      .detail = fmt::format("upstream.{}.health.path is not set", target.upstream->name)});
  }
  return checks;
}

std::vector<FirewallRule> firewall_rules(const Config& config, const std::vector<ProbedTarget>& targets) {
  std::set<FirewallRule> rules;
  bool asks_dns = false;
  for (const ProbedTarget& target : targets) {
    if (target.endpoint.port == 0) continue;
    asks_dns |= target.probe.name && !target.probe.name->pinned;
    if (!target.probe.resolve.good) {
      rules.insert({"every address of " + target.endpoint.host, target.endpoint.port, "tcp", target.endpoint.host});
    }
    for (const AddressProbe& address : target.probe.addresses) {
      rules.insert({address.address, target.endpoint.port, "tcp", target.endpoint.host});
    }
  }
  const std::vector<std::string> system{"the name servers of /etc/resolv.conf"};
  for (const std::string& server : config.dns.servers.empty() ? system : config.dns.servers) {
    if (asks_dns) rules.insert({server, 53, "udp and tcp", "names"});
  }
  return {rules.begin(), rules.end()};
}

}  // namespace standin
