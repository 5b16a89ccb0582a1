#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "dialect/gateway.h"
#include "dialect/stripe_charge.h"
#include "dialect/stripe_judge.h"
#include "dialect/stripe_request.h"

namespace standin {
namespace {

using stripe::member_text;
using stripe::Parameters;

/// As many as one page may have.
constexpr int charges_in_a_page = 100;

/// The listing shows the last four digits alone; so many others stand before them, whatever the card's real length.
std::string masked_card(std::string_view last_four) {
  return last_four.size() == 4 ? "xxxxxxxxxxxx" + std::string(last_four) : std::string();
}

/// The text of a member of an object within an object; "" if there is none.
std::string text_within(JsonValue object, std::string_view inner, std::string_view name) {
  const auto next = object.member(inner);
  return next ? member_text(*next, name) : std::string();
}

std::string last_four(JsonValue charge) {
  const auto details = charge.member("payment_method_details");
  std::string four = details ? text_within(*details, "card", "last4") : "";
  return four.empty() ? text_within(charge, "source", "last4") : four;
}

bool is_true(JsonValue object, std::string_view name) {
  const auto value = object.member(name);
  return value && value->kind() == JsonKind::boolean && value->text() == "true";
}

std::optional<WallTime> created_of(JsonValue charge) {
  const std::string text = member_text(charge, "created");
  std::int64_t seconds_since_1970 = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds_since_1970);
  const bool read = !text.empty() && error == std::errc() && end == text.data() + text.size();
  constexpr std::int64_t latest = 253'402'300'799;  // the year 9999
  if (!read || seconds_since_1970 < 0 || seconds_since_1970 > latest) return std::nullopt;
  return wall_time(seconds_since_1970 * 1000);
}

/// An intent's charge is known by the intent's id, as the answer to the intent gave it.
std::string reference_of(JsonValue charge) {
  const auto intent = charge.member("payment_intent");
  if (!intent || intent->is_null()) return member_text(charge, "id");
  return intent->kind() == JsonKind::object ? member_text(*intent, "id") : std::string(intent->text());
}

bool stands(JsonValue charge) {
  const std::string status = member_text(charge, "status");
  if (is_true(charge, "refunded")) return false;
  return status == "pending" || (status == "succeeded" && is_true(charge, "paid"));
}

/// Nothing for a currency that is not of ISO 4217: no order of ours is in one.
Result<std::optional<Listed>> read_charge(JsonValue charge) {
  const auto created = created_of(charge);
  const std::string digits = member_text(charge, "amount");
  if (!stripe::is_named_object(charge) || member_text(charge, "object") != "charge" || !created || digits.empty()) {
    return failure("the listing has something that is not a charge", "/v1/charges");
  }
  const auto currency = Currency::parse(member_text(charge, "currency"));
  const auto amount = currency ? stripe::amount_of("amount", digits, *currency) : Result<Money>(failure(""));
  if (!amount) return std::nullopt;
  const std::string order_id = text_within(charge, "metadata", "order_id");
  Listed listed{.upstream_reference = reference_of(charge),
                .created = *created,
                .amount = *amount,
                .card = masked_card(last_four(charge)),
                .reference = order_id.empty() ? text_within(charge, "metadata", "reference") : order_id,
                .invoice = text_within(charge, "metadata", "invoice"),
                .own_key = text_within(charge, "metadata", "standin_key"),
                .standing = stands(charge)};
  return listed;
}

/// Who asks: the API key, and the account that it acts for, if any, in a line of its own.
SecretText account_text(const SecretText& key, std::string_view account) {
  return SecretText(account.empty() ? key.reveal() : fmt::format("{}\n{}", key.reveal(), account));
}

void authenticate(Request& request, const SecretText& account) {
  const std::string_view text = account.reveal();
  const auto line_end = text.find('\n');
  request.headers.add("Authorization", fmt::format("Bearer {}", text.substr(0, line_end)));
  if (line_end != std::string_view::npos) request.headers.add("Stripe-Account", text.substr(line_end + 1));
  request.headers.add("Accept", "application/json");
}

class StripeQueries final : public PartyQueries {
 public:
  explicit StripeQueries(const UpstreamConfig& upstream)
      : finds_(upstream.finder.has_value()), reverses_(upstream.reversal.has_value()), currency_(upstream.currency) {
    if (!upstream.credentials.empty()) fallback_ = SecretText(upstream.credentials.front().key);
  }

  Finding finding() const override { return finds_ ? Finding::by_listing : Finding::none; }
  bool can_reverse() const override { return reverses_; }

  std::optional<SecretText> account(const Request& original) const override {
    const SecretText key = stripe::api_key(original.headers);
    if (!key.empty()) return account_text(key, original.headers.find("Stripe-Account").value_or(""));
    return fallback_.empty() ? std::nullopt : std::optional(fallback_);
  }

  Request list_request(const ListQuery& query) const override {
    const auto from = unix_ms(query.from) / 1000;
    const auto to = (unix_ms(query.to) + 999) / 1000;
    Request request{
        .method = "GET",
        .target = fmt::format("/v1/charges?created[gte]={}&created[lte]={}&limit={}", from, to, charges_in_a_page),
        .headers = {},
        .body = {}};
    if (!query.cursor.empty()) request.target += "&starting_after=" + percent_encoded(query.cursor);
    authenticate(request, query.account);
    return request;
  }

  Result<ListPage> read_list(const Response& response) const override {
    if (response.status != 200) return failure(fmt::format("the listing answered {}", response.status), "/v1/charges");
    const auto document = JsonDocument::parse(response.body);
    const auto data = document ? document->root().member("data") : std::nullopt;
    if (!data || member_text(document->root(), "object") != "list" || data->kind() != JsonKind::array) {
      return failure("the listing cannot be read", "/v1/charges");
    }
    ListPage page;
    std::string last;
    for (const JsonValue charge : *data) {
      auto listed = read_charge(charge);
      if (!listed) return std::unexpected(listed.error());
      last = member_text(charge, "id");
      if (*listed) page.charges.push_back(std::move(**listed));
    }
    if (!is_true(document->root(), "has_more")) return page;
    if (last.empty()) return failure("the listing has more, but no place to go on from", "/v1/charges");
    page.next = last;
    return page;
  }

  std::optional<Listed> wanted(const Request& original, const OrderNames& order) const override {
    const auto parameters = Parameters::read(original);
    if (!parameters) return std::nullopt;
    const auto amount = stripe::money_of(*parameters, currency_);
    if (!amount) return std::nullopt;
    std::string number = stripe::card_field(*parameters, "number");
    std::erase_if(number, [](char c) { return c == ' ' || c == '-'; });
    return Listed{.upstream_reference = order.upstream_reference,
                  .amount = *amount,
                  .card = number.size() < 4 ? "" : masked_card(std::string_view(number).substr(number.size() - 4)),
                  .reference = stripe::reference_of(*parameters),
                  .invoice = parameters->value("metadata[invoice]"),
                  .own_key = order.key.text(),
                  .standing = true};
  }

  std::optional<Request> reversal_request(const OrderNames& order, const Request& original,
                                          std::string_view) const override {
    const auto asks = account(original);
    if (!asks || order.upstream_reference.empty()) return std::nullopt;
    const auto parameters = Parameters::read(original);
    stripe::Undoing undoing = stripe::undoing(order.upstream_reference, parameters && stripe::is_hold(*parameters));
    Request request{
        .method = "POST", .target = std::move(undoing.target), .headers = {}, .body = std::move(undoing.body)};
    authenticate(request, *asks);
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Idempotency-Key", undoing.key);
    return request;
  }

  bool reversal_done(const Response& response) const override {
    const auto document = JsonDocument::parse(response.body);
    if (!document || document->root().kind() != JsonKind::object) return false;
    const JsonValue root = document->root();
    if (response.status == 200) {
      const std::string kind = member_text(root, "object");
      const std::string status = member_text(root, "status");
      if (kind == "payment_intent") return status == "canceled";
      return kind == "refund" && (status == "succeeded" || status == "pending");
    }
    const auto error = root.member("error");
    if (response.status != 400 || !error) return false;
    if (member_text(*error, "code") == "charge_already_refunded") return true;
    return text_within(*error, "payment_intent", "status") == "canceled";
  }

  bool reversal_refused(const Response& response) const override {
    const Judgement judgement = stripe::judge(response);
    return judgement.said_of_order() == Outcome::declined && !reversal_done(response);
  }

 private:
  bool finds_, reverses_;
  std::string currency_;
  SecretText fallback_;  ///< for originals in another party's format, which hold no key of this one
};

}  // namespace

Result<std::shared_ptr<const PartyQueries>> make_stripe_queries(const UpstreamConfig& upstream) {
  const bool has_template = (upstream.finder && !upstream.finder->request.empty()) ||
                            (upstream.reversal && !upstream.reversal->request.empty());
  if (has_template) {
    return failure(fmt::format("upstream.{}: the stripe dialect has a finder and a reversal of its own: leave their "
                               "request out",
                               upstream.name),
                   upstream.name);
  }
  return std::make_shared<const StripeQueries>(upstream);
}

}  // namespace standin
