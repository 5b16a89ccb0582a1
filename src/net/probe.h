#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "net/client.h"
#include "net/tls.h"

namespace standin {

/// How one step of a probe went.
struct ProbeStep {
  bool good = false;
  Duration took{};
  std::string problem;  ///< why not; "" if good
};

/// The answer to a ping.
struct PingAnswer {
  ProbeStep step;  ///< good: there was an answer, whatever it says
  int status = 0;
  std::string says;              ///< its first line, at most limits::ping_shown characters
  std::optional<Duration> skew;  ///< of the party's clock against ours, from its Date; a second at least in doubt
};

/// One address of a target. What was not come to has no value.
struct AddressProbe {
  std::string address;  ///< numeric; of a Unix socket its path
  ProbeStep connect;
  std::optional<ProbeStep> handshake;  ///< good: TLS was agreed on and the certificate is trusted
  TlsPeer peer;
  std::optional<PingAnswer> ping;
};

struct TargetProbe {
  ProbeStep resolve;
  std::optional<ResolvedName> name;  ///< nothing for a numeric address or a Unix socket
  Duration ttl{};                    ///< the shortest of its addresses, as the name server says; zero if none does
  std::vector<AddressProbe> addresses;
};

/// Looks at one target as it would be used, step by step: its name, and each of its addresses, all at once: TCP, TLS,
/// and `GET ping_path` unless that is "". Nothing is sent to an address whose certificate is not trusted. Ends by
/// itself, after the probe's steps in net_limits.h.
Task<TargetProbe> probe(Endpoint endpoint, std::string ping_path, ClientOptions options);

}  // namespace standin
