#include "dialect/stripe_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "dialect/body.h"

namespace standin::stripe {
namespace {

/// No real request has as many.
constexpr std::size_t pairs_max = 10'000;

constexpr std::string_view own_marker = "standin";
constexpr std::string_view card_capture_method = "payment_method_options[card][capture_method]";

std::string_view query_of(const Request& request) {
  const std::string_view target = request.target;
  const auto question = target.find('?');
  return question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
}

Result<std::string_view> encoded_parameters(const Request& request) {
  if (request.method != "POST") return query_of(request);
  if (!query_of(request).empty()) return failure("has parameters in its target, where a POST has none");
  const std::string media = media_type(request.headers);
  if (!media.empty() && body_kind(media) != BodyKind::form) return failure("is not a form by its Content-Type");
  return std::string_view(request.body);
}

bool is_list(std::string_view name) { return name.find("[]") != std::string_view::npos; }

bool repeats_a_name(const std::vector<Form::Field>& fields) {
  std::vector<std::string_view> names;
  for (const auto& field : fields) {
    if (!is_list(field.name)) names.push_back(field.name);
  }
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

Resource resource_named(std::string_view name) {
  if (name == "payment_intents") return Resource::payment_intents;
  if (name == "charges") return Resource::charges;
  return name == "refunds" ? Resource::refunds : Resource::other;
}

/// "search" and the like stand where an id would.
bool is_id(std::string_view text) {
  constexpr std::array<std::string_view, 5> prefixes{"pi_", "ch_", "py_", "re_", "pyr_"};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

/// Older clients of some languages write "True" and "False".
bool says(const Parameters& parameters, std::string_view name, std::string_view yes_or_no) {
  return equal_ignoring_case(parameters.value(name), yes_or_no);
}

/// Other kinds of payment, such as a bank's debit or redirect, cannot be promised.
bool is_by_card(const Parameters& parameters) {
  const std::string type = parameters.value("payment_method_data[type]");
  const std::string method = payment_method_of(parameters);
  const auto is_type = [](const Form::Field& field) { return field.name.starts_with("payment_method_types["); };
  const bool of_one_type = std::ranges::all_of(
      parameters.fields(), [&](const Form::Field& field) { return !is_type(field) || field.value == "card"; });
  return of_one_type && (type.empty() || type == "card") && !method.starts_with("ba_") && !method.starts_with("btok_");
}

/// How it is to be captured is said in one of the ways that `is_hold` knows.
bool says_how_to_capture(const Parameters& parameters) {
  const auto is_one_of = [&](std::string_view name, std::initializer_list<std::string_view> known) {
    const std::string value = parameters.value(name);
    return std::ranges::any_of(known, [&](std::string_view each) { return equal_ignoring_case(value, each); });
  };
  return is_one_of("capture", {"", "true", "false"}) &&
         is_one_of("capture_method", {"", "automatic", "automatic_async", "manual"}) &&
         is_one_of(card_capture_method, {"", "manual"});
}

bool can_be_promised(const Parameters& parameters) { return is_by_card(parameters) && says_how_to_capture(parameters); }

Operation creation(Resource resource, const Result<Parameters>& parameters) {
  switch (resource) {
    case Resource::refunds: return Operation::refund;
    case Resource::charges: return !parameters || can_be_promised(*parameters) ? Operation::charge : Operation::other;
    case Resource::payment_intents:
      if (!parameters) return Operation::charge;
      return says(*parameters, "confirm", "true") && can_be_promised(*parameters) ? Operation::charge
                                                                                  : Operation::other;
    case Resource::other: return Operation::other;
  }
  unreachable();
}

/// RFC 4648; stops at the first character that is not of its alphabet.
std::string from_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

/// The gateway's units of a currency, as (ours, theirs): so many of our minor units are so many of its own.
struct Scale {
  std::int64_t ours = 1, theirs = 1;
};

Scale scale_of(Currency currency) {
  const std::string_view code = currency.code();
  if (code == "ISK" || code == "UGX") return {.ours = 1, .theirs = 100};
  return code == "MGA" ? Scale{.ours = 100, .theirs = 1} : Scale{};
}

std::string renamed(std::string_view upstream_reference) {
  return fmt::format("{}={}", upstream_reference.starts_with("pi_") ? "payment_intent" : "charge",
                     percent_encoded(upstream_reference));
}

/// The body with our ids replaced; as it was if it has none, or cannot be read.
std::string replaced(const std::string& body, std::string_view upstream_reference) {
  const auto pairs = pairs_of(body);
  if (!pairs) return body;
  std::string out;
  for (const auto& [written, name, value] : *pairs) {
    if (!out.empty()) out.push_back('&');
    const bool names_object = name == "charge" || name == "payment_intent";
    out += names_object && own_id(value) ? renamed(upstream_reference) : std::string(written);
  }
  return out;
}

/// A charge of ours may be a payment intent at the party, which names the amount of a capture otherwise.
std::string as_intent_capture(const std::string& body) {
  const auto pairs = pairs_of(body);
  if (!pairs) return body;
  std::string out;
  for (const auto& [written, name, value] : *pairs) {
    if (!out.empty()) out.push_back('&');
    out += name == "amount" ? "amount_to_capture=" + percent_encoded(value) : std::string(written);
  }
  return out;
}

}  // namespace

Endpoint endpoint_of(std::string_view path) {
  const auto parts = split(path, '/');
  if (parts.size() < 3 || parts.size() > 5 || !parts[0].empty() || parts[1] != "v1") return {};
  Endpoint endpoint{.resource = resource_named(parts[2]), .id = {}, .verb = {}};
  if (parts.size() > 3) endpoint.id = parts[3];
  if (parts.size() > 4) endpoint.verb = parts[4];
  return parts.size() == 3 || is_id(endpoint.id) ? endpoint : Endpoint{};
}

Result<std::vector<Pair>> pairs_of(std::string_view encoded) {
  std::vector<Pair> pairs;
  for (const std::string_view written : split(encoded, '&')) {
    if (written.empty()) continue;
    const auto form = Form::parse(written);
    if (!form) return std::unexpected(form.error());
    const auto& [name, value] = form->fields().front();
    pairs.push_back({written, std::string(name), std::string(value)});
    if (pairs.size() > pairs_max) return failure("has more fields than are read");
  }
  return pairs;
}

std::optional<std::string> without(std::string_view encoded, const std::function<bool(std::string_view)>& leaves_out) {
  const auto pairs = pairs_of(encoded);
  if (!pairs) return std::nullopt;
  std::string out;
  bool left_out = false;
  for (const auto& [written, name, value] : *pairs) {
    if (leaves_out(name)) {
      left_out = true;
      continue;
    }
    if (!out.empty()) out.push_back('&');
    out += written;
  }
  return left_out ? out : std::string(encoded);
}

Result<Parameters> Parameters::read(const Request& request) {
  const auto encoded = encoded_parameters(request);
  if (!encoded) return std::unexpected(encoded.error());
  auto form = Form::fields_of(*encoded, FormText::utf8);
  if (!form) return std::unexpected(form.error());
  if (repeats_a_name(form->fields())) return failure("names a field twice");
  Parameters parameters;
  parameters.form_ = std::move(*form);
  return parameters;
}

std::string Parameters::value(std::string_view name) const { return std::string(form_.find(name).value_or("")); }

bool Parameters::has(std::string_view name) const { return form_.find(name).has_value(); }

bool Parameters::has_within(std::string_view name) const {
  return std::ranges::any_of(fields(), [&](const Form::Field& field) {
    return field.name.starts_with(name) && field.name.substr(name.size()).starts_with('[');
  });
}

bool is_security_data(std::string_view name) {
  const auto open = name.rfind('[');
  std::string_view last = open == std::string_view::npos ? name : name.substr(open + 1);
  if (last.ends_with(']')) last.remove_suffix(1);
  return last == "cvc" || last == "cvv" || last == "swipe_data" || last == "track_data" || last == "encrypted_pin" ||
         last == "emv_auth_data";
}

Operation operation_of(const Request& request, const Result<Parameters>& parameters) {
  const Endpoint endpoint = endpoint_of(request.path());
  if (endpoint.resource == Resource::other) return Operation::other;
  if (request.method == "GET") {
    return endpoint.id.empty() || !endpoint.verb.empty() ? Operation::other : Operation::read;
  }
  if (request.method != "POST") return Operation::other;
  if (endpoint.id.empty()) return creation(endpoint.resource, parameters);
  if (endpoint.verb == "capture" && endpoint.resource != Resource::refunds) return Operation::capture;
  return endpoint.verb == "cancel" && endpoint.resource == Resource::payment_intents ? Operation::cancel
                                                                                     : Operation::other;
}

std::string about_of(const Endpoint& endpoint, const Result<Parameters>& parameters) {
  if (endpoint.resource != Resource::refunds || !endpoint.id.empty() || !parameters) return endpoint.id;
  const std::string charge = parameters->value("charge");
  return charge.empty() ? parameters->value("payment_intent") : charge;
}

SecretText api_key(const Headers& headers) {
  const std::string_view header = trim(headers.find("Authorization").value_or(""));
  const auto space = header.find(' ');
  if (space == std::string_view::npos) return SecretText();
  const std::string_view scheme = header.substr(0, space);
  const std::string_view rest = trim(header.substr(space));
  if (equal_ignoring_case(scheme, "Bearer")) return SecretText(std::string(rest));
  if (!equal_ignoring_case(scheme, "Basic")) return SecretText();
  const std::string user = from_base64(rest);
  return SecretText(user.substr(0, user.find(':')));
}

bool is_live(const SecretText& api_key) {
  return api_key.reveal().starts_with("sk_live_") || api_key.reveal().starts_with("rk_live_");
}

Result<Money> amount_of(std::string_view field, std::string_view digits, Currency currency) {
  auto money = money_from_minor(digits, currency);
  if (!money) return failure(fmt::format("{}: {}", field, money.error().what), std::string(field));
  if (money->minor == 0) return failure(fmt::format("{}: is zero", field), std::string(field));
  const Scale scale = scale_of(currency);
  if (money->minor % scale.theirs != 0) {
    return failure(fmt::format("{}: {} has no such part", field, currency.code()), std::string(field));
  }
  money->minor = money->minor / scale.theirs * scale.ours;
  if (money->minor > amount_minor_max) return failure(fmt::format("{}: is too large", field), std::string(field));
  return money;
}

std::int64_t written_amount(const Money& money) {
  const Scale scale = scale_of(money.currency);
  return money.minor / scale.ours * scale.theirs;
}

Result<Money> money_of(const Parameters& parameters, const std::string& default_currency) {
  const std::string code = parameters.has("currency") ? parameters.value("currency") : default_currency;
  const auto currency = Currency::parse(code);
  if (!currency) {
    return failure(code.empty() ? "currency: is missing" : "currency: is not an ISO 4217 code", "currency");
  }
  if (!parameters.has("amount")) return failure("amount: is missing", "amount");
  return amount_of("amount", parameters.value("amount"), *currency);
}

std::string card_field(const Parameters& parameters, std::string_view field) {
  for (const std::string_view card : {"payment_method_data[card]", "source", "card"}) {
    if (auto value = parameters.value(fmt::format("{}[{}]", card, field)); !value.empty()) return value;
  }
  return {};
}

std::string payment_method_of(const Parameters& parameters) {
  for (const std::string_view name : {"payment_method", "source", "card", "payment_method_data[card][token]",
                                      "confirmation_token", "default_payment_method"}) {
    if (auto value = parameters.value(name); !value.empty()) return value;
  }
  return {};
}

std::string reference_of(const Parameters& parameters) {
  const std::string order = parameters.value("metadata[order_id]");
  return order.empty() ? parameters.value("metadata[reference]") : order;
}

bool is_hold(const Parameters& parameters) {
  return says(parameters, "capture_method", "manual") || says(parameters, card_capture_method, "manual") ||
         says(parameters, "capture", "false");
}

std::string own_core(const Ulid& id) { return std::string(own_marker) + id.text(); }

std::optional<Ulid> own_id(std::string_view reference) {
  for (const std::string_view prefix : {"pi_", "ch_", "re_"}) {
    if (!reference.starts_with(prefix)) continue;
    reference.remove_prefix(prefix.size());
    break;
  }
  if (!reference.starts_with(own_marker)) return std::nullopt;
  return Ulid::parse(reference.substr(own_marker.size()));
}

Request about_upstream(Request request, std::string_view upstream_reference) {
  const Endpoint endpoint = endpoint_of(request.path());
  if (endpoint.resource == Resource::other || upstream_reference.empty()) return request;
  if (request.method == "POST") request.body = replaced(request.body, upstream_reference);
  if (!own_id(endpoint.id)) return request;
  const bool becomes_intent = endpoint.resource == Resource::charges && upstream_reference.starts_with("pi_");
  if (becomes_intent && endpoint.verb == "capture") request.body = as_intent_capture(request.body);
  const std::string query = request.target.substr(request.path().size());
  std::string_view resource = endpoint.resource == Resource::refunds ? "refunds" : "payment_intents";
  if (endpoint.resource == Resource::charges && !becomes_intent) resource = "charges";
  request.target = fmt::format("/v1/{}/{}{}{}{}", resource, percent_encoded(upstream_reference),
                               endpoint.verb.empty() ? "" : "/", endpoint.verb, query);
  return request;
}

}  // namespace standin::stripe
