#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace CLI {
class App;
}

namespace standin {

/// Where an operator's verb finds the running process, and how it prints.
struct OperatorOptions {
  std::string socket;  ///< --socket, else STANDIN_SOCKET
  std::string config;  ///< -c FILE, whose console.socket is used otherwise
  bool json = false;
};
void add_operator_options(CLI::App& verb, OperatorOptions& options);

/// Why a verb ends without what it was asked for: what to print, and the exit status.
struct Trouble {
  std::string message;
  int exit_status = 1;
};
/// Prints it to standard error; the exit status.
int report(const Trouble& trouble);

/// Speaks the console's API over the Unix socket, one question at a time.
class OperatorClient {
 public:
  explicit OperatorClient(std::string socket_path);
  ~OperatorClient();
  OperatorClient(OperatorClient&&) noexcept;

  /// The client for the socket that the options name; trouble if the configuration file cannot be read.
  static std::expected<OperatorClient, Trouble> find(const OperatorOptions& options);

  /// The JSON of a good answer. A refusal's own words become the trouble: exit status 2 for what was asked wrongly
  /// (400).
  std::expected<boost::json::value, Trouble> get(std::string_view target);
  std::expected<boost::json::value, Trouble> send(std::string_view method, std::string_view target,
                                                  const boost::json::value& body);
  void wait(Duration span);
  WallTime now() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "?a=1&b=2" of the pairs whose value is not empty.
std::string query_of(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);
/// The person at the keyboard, for the record: SUDO_USER, else the process's own user.
std::string person();

}  // namespace standin
