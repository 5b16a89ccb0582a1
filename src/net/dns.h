#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"

namespace standin {

/// How names become addresses.
struct DnsOptions {
  std::vector<std::string> servers;            ///< "ADDRESS" or "ADDRESS:PORT"; none: as the system's resolver has them
  Duration ttl_min = std::chrono::seconds(1);  ///< a shorter time to live counts as this
  Duration ttl_max = std::chrono::minutes(5);  ///< and a longer one as this
  std::map<std::string, std::vector<std::string>> pinned;  ///< name -> addresses, in place of DNS

  bool operator==(const DnsOptions&) const = default;
};

/// What one name stands for at present.
struct ResolvedName {
  struct Address {
    std::string address;
    Instant expires;  ///< of its time to live, floor and cap applied; Instant::max() if pinned
  };

  std::string name;
  std::vector<Address> addresses;  ///< in the order in which they are tried
  std::string error;               ///< of the last question; "" if it was answered
  bool stale = false;              ///< the addresses are the last known ones: the name cannot be resolved any more
  bool pinned = false;
};

/// The answers in use, for people to see, and for an event loop that has none of its own yet. Every loop resolves for
/// itself; the latest to publish a name wins, but that nobody answered does not erase what is known. Any thread.
class DnsBoard {
 public:
  void publish(ResolvedName name);
  /// The addresses that the name had last; none if no loop ever knew any, or if it was pinned.
  std::vector<ResolvedName::Address> last_known(const std::string& name) const;
  /// In the order of names.
  std::vector<ResolvedName> names() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ResolvedName> names_;
};

}  // namespace standin
