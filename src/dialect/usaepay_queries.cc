#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "dialect/gateway.h"
#include "dialect/usaepay_answer.h"
#include "dialect/usaepay_hash.h"
#include "dialect/usaepay_listing.h"
#include "dialect/usaepay_request.h"

namespace standin {
namespace {

/// Searches are what the vendor limits, not what they bring: far fewer pages than with its default of 20.
constexpr int transactions_in_a_page = 100;
/// Between key and PIN; neither can hold one.
constexpr char account_separator = '\n';

class UsaepayQueries final : public PartyQueries {
 public:
  UsaepayQueries(UpstreamConfig config, Currency currency, std::optional<UsaepayListing> listing)
      : config_(std::move(config)), currency_(currency), listing_(std::move(listing)) {}

  Finding finding() const override { return listing_ ? Finding::by_listing : Finding::none; }
  bool can_reverse() const override { return config_.reversal.has_value(); }

  std::optional<SecretText> account(const Request& original) const override {
    const auto form = UsaepayForm::parse(original.body);
    const auto pin = form ? pin_of(*form) : std::nullopt;
    if (!pin) return std::nullopt;
    return SecretText(std::string(form->text("UMkey")) + account_separator + pin->reveal());
  }

  Request list_request(const ListQuery& query) const override {
    ensure(listing_.has_value(), "a listing is asked for only of a party that has a finder");
    const std::string& account = query.account.reveal();
    const auto separator = account.find(account_separator);
    ensure(separator != std::string::npos, "an account is what account() made");
    const std::string_view key = std::string_view(account).substr(0, separator);
    const std::string_view pin = std::string_view(account).substr(separator + 1);
    Request request{.method = "GET",
                    .target = fmt::format("/api/v2/transactions?limit={}&offset={}", transactions_in_a_page,
                                          query.cursor.empty() ? "0" : query.cursor),
                    .headers = {},
                    .body = {}};
    request.headers.add("Accept", "application/json");
    request.headers.add("Authorization", usaepay_authorization(key, pin, query.nonce));
    return request;
  }

  Result<ListPage> read_list(const Response& response) const override {
    ensure(listing_.has_value(), "a listing comes only from a party that has a finder");
    return listing_->read(response);
  }

  std::optional<Listed> wanted(const Request& original, const OrderNames&) const override {
    const auto form = UsaepayForm::parse(original.body);
    if (!form) return std::nullopt;
    const UsaepayCard card = card_of(*form);
    const auto amount = amount_of(*form, currency_);
    if (card.kind != UsaepayCard::Kind::number || !amount || !*amount) return std::nullopt;
    // The listing names no currency, so that its 25.00 may or may not be these: "none" would be a guess.
    if ((*amount)->currency != currency_) return std::nullopt;
    return Listed{.upstream_reference = {},
                  .amount = **amount,
                  .card = shown_card(card.number),
                  .reference = std::string(form->text("UMorderid")),
                  .invoice = std::string(form->text("UMinvoice")),
                  .own_key = {},
                  .standing = true};
  }

  std::optional<Request> reversal_request(const OrderNames& order, const Request& original,
                                          std::string_view nonce) const override {
    ensure(can_reverse(), "a reversal is sent only to a party that has one");
    const auto form = UsaepayForm::parse(original.body);
    const auto pin = form ? pin_of(*form) : std::nullopt;
    if (!pin || order.upstream_reference.empty()) return std::nullopt;
    constexpr std::string_view command = "cc:void";
    Request request{.method = "POST", .target = std::string(original.path()), .headers = {}, .body = {}};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = fmt::format("UMkey={}&UMcommand={}&UMrefNum={}", percent_encoded(form->text("UMkey")),
                               percent_encoded(command), percent_encoded(order.upstream_reference));
    if (!pin->empty()) {
      request.body += "&UMhash=" + percent_encoded(usaepay_hash(command, pin->reveal(), "", "", nonce));
    }
    return request;
  }

  bool reversal_done(const Response& response) const override {
    ensure(can_reverse(), "a reversal's answer comes only from a party that has one");
    const Judgement judgement = judge_usaepay(response, currency_);
    if (judgement.outcome == Outcome::approved) return true;
    return judgement.outcome == Outcome::declined && usaepay_answer_field(response, "UMresult") == "E" &&
           usaepay_answer_field(response, "UMerrorcode") == "00024";  // voided already
  }

  bool reversal_refused(const Response& response) const override {
    const Judgement judgement = judge_usaepay(response, currency_);
    return judgement.outcome == Outcome::declined && !judgement.pause_replay && !reversal_done(response);
  }

 private:
  /// Of the key that the request is made with. A key that is not in the file works if it has no PIN, which a request
  /// without a hash proves.
  std::optional<SecretText> pin_of(const UsaepayForm& form) const {
    const std::string_view key = form.text("UMkey");
    if (key.empty() || key.contains(account_separator) || key.contains(':')) return std::nullopt;
    const auto known = std::ranges::find(config_.credentials, key, &AccountConfig::key);
    if (known != config_.credentials.end()) return SecretText(known->pin);
    const bool has_pin = !form.text("UMhash").empty() || !form.text("UMmd5hash").empty();
    return has_pin ? std::nullopt : std::optional(SecretText());
  }

  UpstreamConfig config_;
  Currency currency_;
  std::optional<UsaepayListing> listing_;
};

}  // namespace

Result<std::shared_ptr<const PartyQueries>> make_usaepay_queries(const UpstreamConfig& upstream) {
  const auto currency = Currency::parse(upstream.currency.empty() ? "USD" : upstream.currency);
  if (!currency)
    return failure(fmt::format("upstream.{}: currency: {} is not an ISO 4217 code", upstream.name, upstream.currency),
                   upstream.currency);
  std::optional<UsaepayListing> listing;
  if (upstream.finder) {
    auto made = UsaepayListing::make(upstream.finder->timezone, *currency);
    if (!made)
      return failure(fmt::format("upstream.{}: finder: {}", upstream.name, made.error().what), made.error().where);
    listing = std::move(*made);
  }
  return std::make_shared<const UsaepayQueries>(upstream, *currency, std::move(listing));
}

}  // namespace standin
