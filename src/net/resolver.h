#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/dns.h"

namespace standin {

class DnsClient;
struct DnsAnswer;

/// The addresses of names, on one event loop: kept for their time to live, asked for once however many wait. Used from
/// its loop's thread alone; may outlive the loop.
class Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  using Addresses = std::vector<boost::asio::ip::address>;

  Resolver(Executor executor, DnsOptions options, std::shared_ptr<DnsBoard> board);
  ~Resolver();

  /// The addresses to try, in this order, never none: a numeric one itself, else those pinned, else what the hosts file
  /// or DNS say, IPv4 first. While a name cannot be resolved any more, its last ones for limits::dns_stale. This must
  /// outlive the call.
  Task<Result<Addresses>> resolve(std::string host, Instant deadline);

  /// Whether a connection to `host` that leads to `address` may carry another request: not if a newer answer leaves
  /// that address out. Asks anew, without waiting, when the answer has expired.
  bool may_use(const std::string& host, const boost::asio::ip::address& address);

  /// None of its addresses could be connected to: the next request resolves it again, unless it was answered within
  /// the floor of a time to live.
  void unreachable(const std::string& host);

  const DnsOptions& options() const { return options_; }

 private:
  struct Name;
  struct Question;

  Name& name_of(const std::string& host);
  void pin(Name& name, const std::vector<std::string>& addresses) const;
  void ask(Name& name);
  DnsClient* client(Name& name);
  void heard(Name& name, const std::shared_ptr<Question>& question, std::size_t family, DnsAnswer answer);
  void take(Name& name, const Question& question);
  bool take_hosts_file(Name& name);
  void learn(Name& name) const;
  void answered(Name& name);
  static void lasts(Name& name);
  Duration within_bounds(Duration ttl) const;
  void publish(const Name& name) const;

  Executor executor_;
  DnsOptions options_;
  std::shared_ptr<DnsBoard> board_;
  std::shared_ptr<DnsClient> client_;
  bool client_doubtful_ = false;  ///< nobody answered: the system's name servers may have changed
  std::unordered_map<std::string, std::unique_ptr<Name>> names_;
};

}  // namespace standin
