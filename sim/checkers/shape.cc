// P6: an answer that standin gives in a party's stead has the party's own shape (docs/dialect-*.md, and the parties'
// own references that those name).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sim/checkers/answer_fields.h"
#include "sim/checkers/books.h"

namespace standin::sim {
namespace {

using Json = std::map<std::string, JsonField>;
using Form = std::map<std::string, std::string>;

bool is_media(const Told& told, std::string_view media) {
  return std::string_view(told.content_type).substr(0, told.content_type.find(';')) == media;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// ISO 4217, of those that a world may use.
int decimals_of(std::string_view currency) {
  constexpr std::array<std::string_view, 4> none = {"JPY", "KRW", "CLP", "VND"};
  constexpr std::array<std::string_view, 3> three = {"BHD", "KWD", "JOD"};
  if (std::ranges::find(none, currency) != none.end()) return 0;
  return std::ranges::find(three, currency) != three.end() ? 3 : 2;
}

/// "25.5" in minor units of the currency; -1 if it is none.
std::int64_t minor_of(std::string_view decimal, std::string_view currency) {
  const auto point = decimal.find('.');
  std::string digits(decimal.substr(0, point));
  std::string part(point == std::string_view::npos ? "" : decimal.substr(point + 1));
  const std::size_t decimals = static_cast<std::size_t>(decimals_of(currency));
  if (part.size() > decimals || (point != std::string_view::npos && part.empty())) return -1;
  part.resize(decimals, '0');
  digits += part;
  std::int64_t minor = -1;
  if (!all_digits(digits)) return -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), minor);
  return minor;
}

// --- JSON ---

std::string member(const Json& json, const std::string& path, JsonField::Kind kind) {
  const auto found = json.find(path);
  return found != json.end() && found->second.kind == kind ? found->second.value : std::string();
}
std::string text(const Json& json, const std::string& path) { return member(json, path, JsonField::Kind::text); }
std::string number(const Json& json, const std::string& path) { return member(json, path, JsonField::Kind::number); }

/// What is wrong with the shop's answer; "" if nothing.
std::string wrong_with_shops(const Told& told, const Purchase& purchase, const Json& json) {
  if (told.kind == Told::Kind::no) {
    const bool refuses = told.status >= 400 && told.status < 500;
    return refuses ? "" : fmt::format("a decline has status {}", told.status);
  }
  if (told.status != 201) return fmt::format("an order has status {}", told.status);
  const std::string id = text(json, "order/id");
  if (id.empty()) return "order.id is not there";
  if (id != told.reference) return "order.id is not the reference";
  const auto total = json.find("order/total_cents");
  if (total != json.end() && number(json, "order/total_cents") != std::to_string(told.amount_minor)) {
    return "order.total_cents is not what was asked for";
  }
  const auto currency = json.find("order/currency");
  if (currency != json.end() && text(json, "order/currency") != purchase.currency) return "order.currency is another";
  return "";
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string wrong_with_stripes_charge(const Told& told, const Purchase& purchase, const Json& json) {
  const std::string object = text(json, "object");
  const std::string status = text(json, "status");
  const bool intent = object == "payment_intent";
  if (!intent && object != "charge") return "object is neither a payment_intent nor a charge";
  if (!text(json, "id").starts_with(intent ? "pi_" : "ch_")) return "the id has not the prefix of its object";
  if (number(json, "amount") != std::to_string(told.amount_minor)) return "amount is not what was asked for";
  if (text(json, "currency") != lower(purchase.currency)) return "currency is another";
  if (status != "succeeded" && !(intent && status == "requires_capture")) return "status is no approval's: " + status;
  if (!intent && member(json, "paid", JsonField::Kind::flag) != "true") return "paid is not true";
  if (number(json, "created").empty()) return "created is no number";
  if (member(json, "livemode", JsonField::Kind::flag).empty()) return "livemode is no flag";
  if (!json.contains("metadata")) return "metadata is not there";
  if (intent && !text(json, "client_secret").starts_with(text(json, "id") + "_secret_")) {
    return "client_secret is not the intent's";
  }
  return "";
}

/// https://docs.stripe.com/api
std::string wrong_with_stripes(const Told& told, const Purchase& purchase, const Json& json) {
  if (told.kind == Told::Kind::no) {
    if (told.status != 402) return fmt::format("a decline has status {}", told.status);
    if (text(json, "error/type") != "card_error" || text(json, "error/code").empty()) return "it is no card_error";
    return "";
  }
  if (told.status != 200) return fmt::format("an object has status {}", told.status);
  if (is_sale(told)) return wrong_with_stripes_charge(told, purchase, json);
  const std::string object = text(json, "object");
  const std::string prefix = object == "refund" ? "re_" : object == "charge" ? "ch_" : "pi_";
  if (!text(json, "id").starts_with(prefix)) return "the id has not the prefix of its object";
  return told.what == "refund" && object != "refund" ? "a refund is no refund" : "";
}

// --- the form ---

std::string field(const Form& form, const std::string& name) {
  const auto found = form.find(name);
  return found == form.end() ? std::string() : found->second;
}

std::string wrong_with_approval(const Told& told, const Purchase& purchase, const Form& form) {
  const std::string reference = field(form, "UMrefNum");
  if (field(form, "UMstatus") != "Approved" || field(form, "UMresult") != "A") return "it is not Approved and A";
  if (field(form, "UMerrorcode") != "00000") return "an approval has an error code";
  if (!all_digits(reference) || reference != told.reference) return "UMrefNum is no number, or not the reference";
  if (reference.find_first_not_of('0') == std::string::npos) return "UMrefNum is 0";
  if (!is_sale(told)) return "";
  const std::string code = field(form, "UMauthCode");
  if (code.size() != 6 || code == "000000") return "UMauthCode has not six characters, or is a decline's";
  if (minor_of(field(form, "UMauthAmount"), purchase.currency) != told.amount_minor) {
    return "UMauthAmount is not what was asked for";
  }
  return "";
}

/// https://help.usaepay.info/developer/reference/transactionapi: one line, without its end.
std::string wrong_with_usaepays(const Told& told, const Purchase& purchase) {
  if (told.status != 200) return fmt::format("it has status {}", told.status);
  if (told.body.find_first_of("\r\n") != std::string::npos) return "it has more than one line";
  const auto form = form_fields(told.body);
  if (!form) return "it is no form, or has a field twice";
  for (const char* const name : {"UMversion", "UMstatus", "UMauthCode", "UMrefNum", "UMresult", "UMerror",
                                 "UMerrorcode", "UMbatch", "UMisDuplicate", "UMauthAmount"}) {
    if (!form->contains(name)) return fmt::format("it has no {}", name);
  }
  const std::string code = field(*form, "UMerrorcode");
  if (!all_digits(code) || code.size() != 5) return "UMerrorcode has not five digits";
  if (told.kind == Told::Kind::yes) return wrong_with_approval(told, purchase, *form);
  if (field(*form, "UMstatus") != "Declined" || field(*form, "UMresult") != "D") return "it is not Declined and D";
  return code == "00000" ? "a decline has no error code" : "";
}

std::string wrong_with(const Told& told, const Purchase& purchase) {
  const bool shop = purchase.side == "shop";
  if (!shop && !is_media(told, "application/json")) {
    if (!is_media(told, "text/html")) return "its content type is the party's in no case: " + told.content_type;
    return wrong_with_usaepays(told, purchase);
  }
  if (!is_media(told, "application/json")) return "its content type is not JSON: " + told.content_type;
  const auto json = json_fields(told.body);
  if (!json) return "it is not JSON";
  return shop ? wrong_with_shops(told, purchase, *json) : wrong_with_stripes(told, purchase, *json);
}

}  // namespace

Violations shape(const Books& books) {
  Violations found;
  for (const Matter& matter : books.matters()) {
    for (const Told& told : matter.purchase->told) {
      // What the shop's own endpoints for anything but orders look like is not standin's to know.
      const bool known = is_sale(told) || !matter.of_shop();
      if (!told.ours || !is_definite(told) || !known) continue;
      const std::string wrong = wrong_with(told, *matter.purchase);
      if (wrong.empty()) continue;
      found.push_back({"P6", matter.purchase->name,
                       fmt::format("standin's answer at {} does not look like the party's: {}. {} {} {}",
                                   seconds(told.at_ms), wrong, told.status, told.content_type, told.body)});
    }
  }
  return found;
}

}  // namespace standin::sim
