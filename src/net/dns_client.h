#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

namespace standin {

enum class AddressFamily { v4, v6 };

/// What is said about the addresses that a name has in one family.
struct DnsAnswer {
  struct Address {
    boost::asio::ip::address address;
    Duration ttl;  ///< the shortest on the way to it, aliases included
  };

  std::vector<Address> addresses;
  bool definite = false;  ///< an answer, if only that there is none; else nobody could be asked
  std::string error;      ///< why there are no addresses
};

/// Asks the hosts file and name servers through c-ares, on one event loop. Used from its thread alone; may outlive the
/// loop.
class DnsClient {
 public:
  /// No `servers`: those of resolv.conf as it is now.
  static Result<std::shared_ptr<DnsClient>> open(const Executor& executor, const std::vector<std::string>& servers);
  ~DnsClient();

  /// What the hosts file says, which is read now; it goes before any name server, in both families.
  std::vector<boost::asio::ip::address> in_hosts_file(const std::string& name) const;

  /// Asks the name servers. Calls `answered` once, perhaps before it returns; not after this is gone. Ends by itself,
  /// after limits::dns_tries.
  void ask(const std::string& name, AddressFamily family, std::move_only_function<void(DnsAnswer)> answered);

 private:
  struct State;
  explicit DnsClient(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace standin
