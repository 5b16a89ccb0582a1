#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rehearsal/gateway/gateway.h"
#include "rehearsal/gateway/gateway_control.h"
#include "rehearsal/gateway/gateway_model.h"

/// For tests: the gateway's model with a clock that jumps.
namespace standin::rehearsal::counter {

using namespace std::chrono_literals;

constexpr std::string_view good_card = "4000100011112224";

class Counter {
 public:
  explicit Counter(GatewaySettings settings = {}) : model(with_keys(std::move(settings)), {}, 1) {}

  /// Runs the exchange to its answer; the clock jumps to each step's time.
  GatewayAnswer finish(GatewayExchange& exchange) {
    GatewayStep step = model.next(exchange, now);
    while (!step.answer) {
      now += std::chrono::ceil<std::chrono::milliseconds>(step.wait);
      step = model.next(exchange, now);
    }
    return std::move(*step.answer);
  }
  GatewayAnswer send(Request request, std::size_t location = 0) {
    auto exchange = model.arrive({location, std::move(request), now});
    return finish(exchange);
  }
  std::string gate(const std::string& fields, std::size_t location = 0) {
    return send(gate_request(fields), location).response.body;
  }
  std::string sale(const std::string& more = {}, std::string_view card = good_card, std::string_view key = "sandbox") {
    return gate(sale_fields(more, card, key));
  }
  void set_faults(const std::string& json) {
    auto faults = gateway_faults_from_json(json);
    ASSERT_TRUE(faults.has_value()) << faults.error().what;
    model.set_faults(std::move(*faults));
  }
  std::string control(const std::string& method, const std::string& target, const std::string& body = {}) {
    return control_gateway(model, {.method = method, .target = "/_control/" + target, .headers = {}, .body = body})
        .response.body;
  }

  static std::string sale_fields(const std::string& more = {}, std::string_view card = good_card,
                                 std::string_view key = "sandbox") {
    return "UMcommand=sale&UMamount=25.00&UMexpir=1230&UMcvv2=123&UMinvoice=7&UMkey=" + std::string(key) +
           "&UMcard=" + std::string(card) + (more.empty() ? "" : "&" + more);
  }
  static Request gate_request(const std::string& fields) {
    return {.method = "POST", .target = "/gate", .headers = {}, .body = fields};
  }
  std::size_t standing() const {
    std::size_t count = 0;
    for (const Payment& payment : model.books().payments()) count += payment.stands() ? 1 : 0;
    return count;
  }
  const Payment& last() const { return model.books().payments().back(); }

  GatewayModel model;
  WallTime now = wall_time(1'795'330'000'000);  // 2026-11-22T06:46:40Z

 private:
  static GatewaySettings with_keys(GatewaySettings settings) {
    if (settings.keys.empty()) settings.keys = rehearsal_keys();
    if (settings.clusters.size() == 1) settings.clusters = {"ca401", "ca501"};
    return settings;
  }
};

/// The value of a field of the API's answer, still encoded.
inline std::string field(const std::string& line, const std::string& name) {
  const auto at = ("&" + line).find("&" + name + "=");
  if (at == std::string::npos) return "(none)";
  const auto begin = at + name.size() + 1;
  return line.substr(begin, line.find('&', begin) - begin);
}

}  // namespace standin::rehearsal::counter
