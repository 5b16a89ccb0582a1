#include "rehearsal/shop_charge.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

/// Sandbox cards of docs/sim-gateway.md.
constexpr std::string_view card_that_is_declined = "4000300011112220";
constexpr std::array<std::string_view, 3> cards_that_are_good{"4000100011112224", "4000200011112222",
                                                              "4000100111112223"};
constexpr std::string_view already_voided = "00024";
constexpr std::string_view nothing_to_void = "00035";

class Form {
 public:
  Form& add(std::string_view name, std::string_view value) {
    if (!body_.empty()) body_ += '&';
    body_.append(name).append("=").append(percent_encoded(value));
    return *this;
  }
  std::string take() { return std::move(body_); }

 private:
  std::string body_;
};

/// The wallet behind a token: the same card for the same customer.
std::string_view card_of(const NewOrder& order) {
  if (order.card_token == declined_card_token) return card_that_is_declined;
  std::size_t sum = 0;
  for (const char c : order.customer_id) sum += static_cast<unsigned char>(c);
  return cards_that_are_good.at(sum % cards_that_are_good.size());
}

/// MMYY, two years after the order: the same however often its charge is asked for.
std::string expiry_of(const ShopOrder& order) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(order.created));
  return fmt::format("12{:02}", (static_cast<int>(day.year()) + 2) % 100);
}

std::string signature(const ChargeAccount& account, std::string_view command, std::string_view amount,
                      std::string_view seed) {
  return fmt::format("s/{}/{}/n", seed, sha1_hex(fmt::format("{}:{}:{}::{}", command, account.pin, amount, seed)));
}

Form form_of(const AskSale& sale, const ChargeAccount& account, std::string_view seed) {
  const std::string amount = decimal(sale.order.asked.total);
  Form form;
  form.add("UMkey", account.key).add("UMcommand", "cc:sale").add("UMamount", amount);
  form.add("UMcard", card_of(sale.order.asked)).add("UMexpir", expiry_of(sale.order));
  form.add("UMorderid", sale.order.id);
  if (!account.pin.empty()) form.add("UMhash", signature(account, "cc:sale", amount, seed));
  return form;
}

Form form_of(const AskVoid& undo, const ChargeAccount& account, std::string_view seed) {
  Form form;
  form.add("UMkey", account.key).add("UMcommand", "cc:void").add("UMrefNum", undo.charge_id);
  if (!account.pin.empty()) form.add("UMhash", signature(account, "cc:void", "", seed));
  return form;
}

/// The value of a field in the gateway's line; empty if it has none. Those that the shop reads are never encoded.
std::string_view field(std::string_view line, std::string_view name) {
  for (const std::string_view pair : split(line, '&')) {
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
  }
  return {};
}

}  // namespace

Result<ChargeAccount> charge_account(std::string_view url, std::string_view key) {
  auto gateway = Endpoint::parse(url);
  if (!gateway) return std::unexpected(gateway.error());
  std::string path = std::exchange(gateway->base_path, {});
  if (path.empty()) path = "/gate";
  const auto colon = key.find(':');
  if (key.empty() || colon == 0) return failure("charging takes a source key, KEY or KEY:PIN");
  const std::string_view pin = colon == std::string_view::npos ? std::string_view() : key.substr(colon + 1);
  return ChargeAccount{std::move(*gateway), std::move(path), std::string(key.substr(0, colon)), std::string(pin)};
}

Request request_to_gateway(const Ask& ask, const ChargeAccount& account, std::string_view seed) {
  Form form = std::visit([&](const auto& what) { return form_of(what, account, seed); }, ask);
  Request request{.method = "POST", .target = account.path, .headers = {}, .body = form.take()};
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  return request;
}

GatewayWord word_of(const Ask& ask, const Result<Response>& answer) {
  using Kind = GatewayWord::Kind;
  if (!answer || answer->status != 200) return {};
  const std::string_view result = field(answer->body, "UMresult");
  if (std::holds_alternative<AskVoid>(ask)) {
    const std::string_view error = field(answer->body, "UMerrorcode");
    const bool gone = result == "A" || error == already_voided || error == nothing_to_void;
    return {.kind = gone ? Kind::approved : Kind::unknown, .reference = {}};
  }
  const std::string_view reference = field(answer->body, "UMrefNum");
  if (result == "A" && !reference.empty()) return {.kind = Kind::approved, .reference = std::string(reference)};
  return {.kind = result == "D" ? Kind::declined : Kind::unknown, .reference = {}};
}

}  // namespace standin::rehearsal
