#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "net/tls_server.h"
#include "telemetry/metrics.h"
#include "upstream/target_states.h"

namespace standin {

/// The certificates of the edge's listeners: read at once or not at all, taken up when their files change, and watched
/// for their end. One thread.
class Certificates {
 public:
  /// What was read for each listener with TLS, by its configured address.
  using Loaded = std::map<std::string, std::shared_ptr<const TlsIdentity>>;
  /// The error's text says where in the configuration the file is named. What is shown to upstreams is read here, too,
  /// and must be good; whoever connects to them reads it again.
  static Result<Loaded> load(const Config& config);
  /// What is the matter with those that are good to be used: they expire soon, or have expired. A sentence each.
  static std::vector<std::string> warnings(const Loaded& loaded, WallTime now);

  explicit Certificates(const Loaded& loaded);
  /// Of a listener; nullptr for one in clear.
  std::shared_ptr<TlsServer> of(const std::string& address) const;
  /// For connections from now on. Of listeners that were not there at the start, nothing is taken.
  void use(const Loaded& loaded);
  /// From time to time: files that have changed are read, the log is warned once a day, the metrics are told.
  void look(Instant now, WallTime wall, Metrics& metrics);

 private:
  void take_up_changes();
  void publish(Metrics& metrics);
  Loaded shown() const;

  std::map<std::string, std::shared_ptr<TlsServer>> servers_;
  std::map<std::string, std::string> problems_;  ///< of listeners whose changed files cannot be used
  std::set<std::pair<std::string, std::string>> published_;
  Instant next_look_{}, next_warning_{};
};

/// The certificates that the upstreams' targets show. One thread.
class TargetCertificates {
 public:
  /// From time to time: of each that expires soon, or has expired, a sentence, at most once a day.
  std::vector<std::string> warnings(const std::vector<TargetView>& targets, Instant now, WallTime wall);

 private:
  std::map<std::pair<std::string, std::string>, Instant> next_warning_;  ///< of those warned of, by upstream and URL
};

}  // namespace standin
