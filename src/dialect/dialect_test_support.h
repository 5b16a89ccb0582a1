#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "dialect/dialect.h"
#include "vault/vault.h"

/// What the dialect's tests share: a shop's configuration, its requests, and seeded chance.
namespace standin::dialect_test {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

inline const Vault& test_vault() {
  static SeededRandom random(7);
  static const Vault vault = Vault::ephemeral(random);
  return vault;
}

inline StandInConfig shop_config() {
  StandInConfig config;
  config.name = "order";
  config.facts = {{"amount", "/order/total_cents"},   {"currency", "/order/currency"},
                  {"merchant", "/order/merchant_id"}, {"customer", "/order/customer_id"},
                  {"card", "/order/card/number"},     {"reference", "/order/cart_id"},
                  {"country", "/order/country"}};
  config.amount_unit = AmountUnit::minor;
  config.require = {"/order/items/0"};
  const std::pair<std::string, std::string> json{"Content-Type", "application/json"};
  config.approve = {
      .status = 201,
      .headers = {json},
      .body = R"({"order":{"id":"{{reference}}","total":{{request:/order/total_cents}},"state":"placed"}})",
      .where = "standin.toml:10:3"};
  config.decline = {.status = 422, .headers = {json}, .body = R"({"error":{"message":"Card failed"}})"};
  config.unavailable = {.status = 503, .headers = {json}, .body = R"({"error":{"message":"Please try again"}})"};
  config.strip = {"/order/card/cvv"};
  config.expect = {.status = {201}, .content_type = "application/json", .pointer = "/order/id"};
  config.have_it = ExpectConfig{.status = {409}, .content_type = "", .pointer = "/existing_order/id"};
  return config;
}

constexpr std::string_view order_body =
    R"({"order":{"total_cents":1234,"currency":"USD","merchant_id":"m-1","customer_id":77,"cart_id":"cart-9",)"
    R"("card":{"number":"4111 1111 1111 1111","cvv":"123"},"country":"US","items":[{"sku":"a"}]}})";

inline Request post(std::string_view body, std::string_view content_type = "application/json") {
  Request request{.method = "POST", .target = "/orders", .headers = {}, .body = std::string(body)};
  if (!content_type.empty()) request.headers.add("Content-Type", content_type);
  return request;
}

inline Response answer(int status, std::string_view body, std::string_view content_type = "application/json") {
  Response response{.status = status, .headers = {}, .body = std::string(body)};
  if (!content_type.empty()) response.headers.add("Content-Type", content_type);
  return response;
}

inline std::shared_ptr<const Dialect> make(const StandInConfig& config) {
  auto made = make_dialect(config, test_vault());
  ensure(made.has_value(), made ? "" : made.error().what);
  return *made;
}

/// The error of a configuration that must not be accepted; "" if it is.
inline std::string error_of(const StandInConfig& config) {
  const auto made = make_dialect(config, test_vault());
  return made ? "" : made.error().what;
}

/// A context that lives as long as this does.
struct Sample {
  Request request = post(order_body);
  Facts facts;
  std::string reference = "gateway-down-01ARZ3NDEKTSV4RRFFQ69G5FAV";
  std::string request_id = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

  AnswerContext context() const {
    return {.request = request,
            .facts = facts,
            .reference = reference,
            .request_id = request_id,
            .key = {},
            .id = *Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            .now = wall_time(1'795'316'645'678)};  // 2026-11-22T03:04:05.678Z
  }
};

}  // namespace standin::dialect_test
