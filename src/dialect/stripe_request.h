#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "dialect/dialect.h"
#include "dialect/form.h"
#include "net/message.h"
#include "vault/secret.h"

/// How requests to Stripe-style endpoints are written. docs/dialect-stripe.md.
namespace standin::stripe {

enum class Resource { payment_intents, charges, refunds, other };

/// `/v1/RESOURCE/ID/VERB`, the last two may be absent.
struct Endpoint {
  Resource resource = Resource::other;
  std::string id, verb;
};
Endpoint endpoint_of(std::string_view path);

/// The parameters of a request, decoded: a POST's are in its body, others' in the query.
class Parameters {
 public:
  /// An error for a body that is not a form, for a POST with a query, and where a name is repeated that is not a list's
  /// ("expand[]"): two readers could disagree about which one counts.
  static Result<Parameters> read(const Request& request);

  /// "" if it is absent.
  std::string value(std::string_view name) const;
  bool has(std::string_view name) const;
  /// Whether there is a `name[...]`.
  bool has_within(std::string_view name) const;
  const std::vector<Form::Field>& fields() const { return form_.fields(); }

 private:
  Form form_;
};

/// One `name=value` of an encoded form, as it is written and decoded.
struct Pair {
  std::string_view written;
  std::string name, value;
};
/// An error if one of them cannot be decoded.
Result<std::vector<Pair>> pairs_of(std::string_view encoded);
/// `encoded` without the fields that `leaves_out` names, the rest byte for byte; nothing if it cannot be read.
std::optional<std::string> without(std::string_view encoded, const std::function<bool(std::string_view)>& leaves_out);

/// The security code, or what a stripe or chip was read into: never kept.
bool is_security_data(std::string_view name);

Operation operation_of(const Request& request, const Result<Parameters>& parameters);
/// The object that a later request is about; "" if it names none.
std::string about_of(const Endpoint& endpoint, const Result<Parameters>& parameters);

/// Of `Authorization: Bearer KEY`, or Basic with the key as the user's name; empty if there is none.
SecretText api_key(const Headers& headers);
bool is_live(const SecretText& api_key);

/// The gateway writes ISK and UGX with two decimals and MGA with none, unlike ISO 4217
/// (https://docs.stripe.com/currencies, "Special cases"). An error names the field, never its value.
Result<Money> amount_of(std::string_view field, std::string_view digits, Currency currency);
/// In the gateway's units.
std::int64_t written_amount(const Money& money);
/// What the charge asks for; `currency` is that of requests that name none.
Result<Money> money_of(const Parameters& parameters, const std::string& currency);

/// A card that is written out in the request: `field` is "number", "exp_month", "exp_year" or "cvc".
std::string card_field(const Parameters& parameters, std::string_view field);
/// The token, source or payment method by which the request names what to charge; "" if it names none.
std::string payment_method_of(const Parameters& parameters);
/// The merchant's own: metadata[order_id], else metadata[reference].
std::string reference_of(const Parameters& parameters);
/// A hold that is captured later.
bool is_hold(const Parameters& parameters);

/// "standin" and the order's id: our references less the prefix that tells objects apart.
std::string own_core(const Ulid& id);
/// The order that one of our ids, such as "pi_standin01ARZ…", or its core alone names.
std::optional<Ulid> own_id(std::string_view reference);

/// The request, naming the party's object where it names ours.
Request about_upstream(Request request, std::string_view upstream_reference);

}  // namespace standin::stripe
