#pragma once

#include <string>
#include <vector>

#include "tests/virtual/scene.h"

namespace standin {

/// The till of docs/examples/gateways.toml in virtual time: charges through a gateway of the USAePay kind, which folds
/// duplicates, and a second party of the Stripe kind. Both are scripted by the test.
struct Till : Scene {
  Till();
  ~Till() override;
  std::map<std::string, Counterparty> counterparties() const override;

  struct Sale {
    std::string reference = "order-1";
    std::string amount = "10.00";
    std::string command = "cc:sale";
    std::string card = "4000100011112224";
    std::string more;  ///< further fields, "&UMname=value"
  };
  /// `POST /gate` with this form.
  static Request request(std::string body);
  Request sale_request(const Sale& sale) const;
  std::shared_ptr<OneShot<Response>> send_later(Request request, std::shared_ptr<TestClient> client = nullptr);
  Response send(Request request);
  Response sale(const Sale& sale) { return send(sale_request(sale)); }

  /// One party alone, and it refuses every connection: what can be, is stood in for.
  void no_gateway_answers();
  /// Builds the route anew, after a change of the configuration.
  void rebuild();
  std::size_t arrivals_at(const std::string& host) const;
  const Request& last_arrival() const { return transport.arrived.back().request; }

  std::function<Behaviour(const Request&)> gateway;         ///< "cardgate", at www-01 and www-02
  std::function<Behaviour(const Request&)> second_gateway;  ///< "backupgate", of the other kind

  UpstreamConfig backup;
  std::shared_ptr<Party> backup_party;

 private:
  int requests_ = 0;
};

/// One field of a form body or answer, decoded; "" if it is not there.
std::string form_field(const std::string& body, const std::string& name);
Response gate_approves(const std::string& reference, const std::string& amount = "10.00", bool duplicate = false);
Response gate_declines();
Response gate_error(const std::string& code, const std::string& message);
inline Behaviour says(Response answer, Duration after = {}) {
  return {.answers_after = after, .answer = std::move(answer)};
}

}  // namespace standin
