#include "sim/actors/answers.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <string_view>
#include <utility>

namespace standin::sim {
namespace {

namespace json = boost::json;
using Kind = Told::Kind;

constexpr std::string_view nobody = "";
// In the sample shop's own words; another no of an order is standin's.
constexpr std::string_view shops_own_decline = "Card failed";

bool is_json(const Told& told) {
  return told.content_type == "application/json" || told.content_type.starts_with("application/json;");
}

/// The text at a JSON Pointer; "" if there is none.
std::string_view text_at(const json::value& body, std::string_view pointer) {
  boost::system::error_code wrong;
  const json::value* found = body.find_pointer(pointer, wrong);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : nobody;
}

template <std::size_t Size>
bool among(const std::array<std::string_view, Size>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

void say_yes(Told& told, std::string_view reference, bool ours) {
  told.kind = Kind::yes;
  told.reference = reference;
  told.ours = ours;
}

void say_no(Told& told, bool ours) {
  told.kind = Kind::no;
  told.ours = ours;
}

/// 2xx that names the order, 409 that names the one that is there, and a refusal of the shop's own.
void hear_shop(const json::value& body, Told& told) {
  const bool created = told.status >= 200 && told.status <= 299;
  const std::string_view root = created ? "/order" : "/existing_order";
  const std::string_view id = text_at(body, std::string(root) + "/id");
  if (created || told.status == 409) {
    if (id.empty() || text_at(body, std::string(root) + "/status") != "accepted") return;
    say_yes(told, id, id.starts_with("gateway-down-"));
    return;
  }
  // A key with another payload is 422 as well, but of another type: application/problem+json.
  const std::string_view message = text_at(body, "/error/message");
  if ((told.status == 402 || told.status == 422) && !message.empty()) say_no(told, message != shops_own_decline);
}

/// "pi_standin01ARZ…" and "ch_standin01ARZ…" both name the order "standin01ARZ…", which is how the journal knows it.
std::string_view own_part(std::string_view id) {
  const std::string_view part = id.substr(id.find('_') + 1);
  return part.starts_with("standin") ? part : nobody;
}

/// https://docs.stripe.com/api/payment_intents/object, .../charges/object, .../refunds/object: `status`.
Kind kind_of_object(std::string_view object, std::string_view status, std::string_view what) {
  static constexpr std::array<std::string_view, 5> done = {"succeeded", "requires_capture", "processing", "pending"};
  static constexpr std::array<std::string_view, 3> undone = {"requires_payment_method", "failed", "requires_action"};
  if (object == "refund" && status == "requires_action") return Kind::yes;
  if (status == "canceled") return what == "void" ? Kind::yes : Kind::no;
  if (what == "void") return Kind::neither;
  if (among(undone, status)) return Kind::no;
  return among(done, status) ? Kind::yes : Kind::neither;
}

void hear_payments(const json::value& body, Told& told) {
  if (told.status == 200) {
    const std::string_view id = text_at(body, "/id");
    if (id.empty()) return;
    const Kind kind = kind_of_object(text_at(body, "/object"), text_at(body, "/status"), told.what);
    const std::string_view own = own_part(id);
    if (kind == Kind::yes) say_yes(told, own.empty() ? id : own, !own.empty());
    told.kind = kind;
    return;
  }
  const std::string_view type = text_at(body, "/error/type");
  if (told.status == 402 && type == "card_error") say_no(told, !own_part(text_at(body, "/error/charge")).empty());
  // What is asked about a charge is refused by its state; a new charge is not refused, but not understood.
  const bool refused = told.status == 400 || told.status == 402 || told.status == 404;
  if (told.what != "sale" && refused && type == "invalid_request_error") told.kind = Kind::no;
}

/// One field of a line such as "UMresult=A&UMrefNum=1"; "" if it is not there. The fields asked for need no decoding.
std::string_view field(std::string_view line, std::string_view name) {
  while (!line.empty()) {
    const std::size_t end = std::min(line.find('&'), line.size());
    const std::string_view pair = line.substr(0, end);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return {};
}

/// Refusals of cards and of what is asked about a charge, https://help.usaepay.info/developer/reference/errorcodes. A
/// sale that is told "already voided" or "duplicate" has not been told what became of it.
Kind kind_of_code(int code, std::string_view what) {
  static constexpr std::array<std::pair<int, int>, 4> cards = {{{11, 17}, {70, 70}, {85, 85}, {10200, 10299}}};
  static constexpr std::array<std::pair<int, int>, 4> changes = {{{24, 26}, {35, 35}, {110, 118}, {10105, 10129}}};
  const auto within = [&](const auto& ranges) {
    return std::ranges::any_of(ranges, [&](const auto& range) { return range.first <= code && code <= range.second; });
  };
  if (what == "sale") return code == 10127 || within(cards) ? Kind::no : Kind::neither;
  if (what == "void" && code == 24) return Kind::yes;
  return within(changes) ? Kind::no : Kind::neither;
}

void hear_till(Told& told) {
  if (told.status != 200) return;
  const std::string_view line = told.body;
  const std::string_view result = field(line, "UMresult");
  const std::string_view reference = field(line, "UMrefNum");
  if (result == "A" || result == "P") {
    if (told.what == "sale" && (reference.empty() || reference == "0")) return;
    const bool number = std::ranges::all_of(reference, [](char c) { return c >= '0' && c <= '9'; });
    say_yes(told, reference, number && reference.size() == 16);
  }
  if (result == "D" || result == "V") say_no(told, reference == "0");  // the gateway's declines have a number
  if (result != "E") return;
  const std::string_view code = field(line, "UMerrorcode");
  int number = 0;
  std::from_chars(code.data(), code.data() + code.size(), number);
  told.kind = kind_of_code(number, told.what);
}

}  // namespace

void hear(Side side, const Response& response, Told& told) {
  told.kind = Kind::neither;
  told.status = response.status;
  told.content_type = response.headers.find("Content-Type").value_or(nobody);
  told.body = response.body;
  if (side == Side::till) return hear_till(told);
  if (!is_json(told)) return;
  boost::system::error_code wrong;
  const json::value body = json::parse(told.body, wrong);
  if (wrong) return;
  side == Side::shop ? hear_shop(body, told) : hear_payments(body, told);
}

}  // namespace standin::sim
