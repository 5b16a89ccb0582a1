#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "base/text.h"
#include "dialect/dialect.h"
#include "dialect/party_queries.h"

namespace standin {

inline const Currency usd = *Currency::parse("USD");
inline const WallTime noon = wall_time(1'767'268'800'000);

/// A listing of lines "REFERENCE CREATED INVOICE STANDING", every charge of 25.00 USD on one card. A charge is a
/// request whose body is its invoice, and whose `Account` header is whose it is; without that, nobody knows. An invoice
/// that begins with "own-" is an own key, too.
class LineQueries : public PartyQueries {
 public:
  Finding finding() const override { return Finding::by_listing; }
  bool can_reverse() const override { return true; }

  std::optional<SecretText> account(const Request& original) const override {
    const auto whose = original.headers.find("Account");
    return whose ? std::optional(SecretText(std::string(*whose))) : std::nullopt;
  }
  std::optional<Listed> wanted(const Request& original, const OrderNames&) const override {
    return Listed{
        .amount = {2500, usd}, .card = "400010xxxxxx2224", .invoice = original.body, .own_key = own_key(original.body)};
  }
  Request list_request(const ListQuery& query) const override {
    return {.method = "GET",
            .target = fmt::format("/list?account={}&offset={}", query.account.reveal(),
                                  query.cursor.empty() ? "0" : query.cursor)};
  }
  Result<ListPage> read_list(const Response& response) const override {
    if (response.status != 200) return failure("no listing");
    ListPage page;
    for (const auto line : split(response.body, '\n')) {
      const auto fields = split(line, ' ');
      if (fields.size() == 2 && fields[0] == "next") page.next = fields[1];
      if (fields.size() < 4) continue;
      page.charges.push_back({.upstream_reference = std::string(fields[0]),
                              .created = wall_time(std::stoll(std::string(fields[1]))),
                              .amount = {2500, usd},
                              .card = "xxxx2224",
                              .invoice = std::string(fields[2]),
                              .own_key = own_key(fields[2]),
                              .standing = fields[3] == "stands"});
    }
    return page;
  }

  static std::string own_key(std::string_view invoice) {
    return invoice.starts_with("own-") ? std::string(invoice) : std::string();
  }

  /// Only with the account's name, as a gateway wants its key.
  std::optional<Request> reversal_request(const OrderNames& order, const Request& original,
                                          std::string_view nonce) const override {
    if (!original.headers.has("Account")) return std::nullopt;
    return Request{.method = "POST",
                   .target = fmt::format("/void/{}?nonce={}", order.upstream_reference, nonce),
                   .headers = original.headers};
  }
  bool reversal_done(const Response& response) const override { return response.status == 200; }
};

/// 201 approves, its body being the party's reference, after "part " half of it; 402 declines, 503 did nothing, the
/// rest is unknown. A request to "/refund" is a refund.
class StatusDialect : public Dialect {
 public:
  RequestReading read(const Request& request) const override {
    return {.facts = Facts{.amount = Money{2500, usd}},
            .normalised = request.body,
            .operation = request.path() == "/refund" ? Operation::refund : Operation::charge};
  }
  Request stripped(Request request) const override { return request; }
  Request outbound(Request request, const OutboundContext& context) const override {
    request.headers.set("Reference", context.reference);
    return request;
  }
  Judgement judge(const Response& response) const override {
    switch (response.status) {
      case 201: {
        const bool part = response.body.starts_with("part ");
        Judgement approved{.outcome = Outcome::approved, .upstream_reference = response.body.substr(part ? 5 : 0)};
        if (part) approved.part = Money{1250, usd};
        return approved;
      }
      case 402: return {.outcome = Outcome::declined};
      case 503: return {.outcome = Outcome::not_done};
      default: return {.outcome = Outcome::unknown};
    }
  }
  Response approve(const AnswerContext&) const override { return {.status = 201}; }
  Response decline(const AnswerContext&) const override { return {.status = 402}; }
  Response unavailable(const AnswerContext&) const override { return {.status = 503}; }
  std::vector<std::string> drift(const Response&, const AnswerContext&) const override { return {}; }
  Request about_upstream(Request request, std::string_view upstream_reference) const override {
    request.headers.set("About", upstream_reference);
    return request;
  }
  std::optional<Charge> charge(const Request& request) const override {
    if (request.headers.has("Token")) return std::nullopt;
    return Charge{.amount = {2500, usd}, .invoice = request.body};
  }
  std::optional<Request> write_charge(const Charge& charge, const Credential& credential,
                                      const OutboundContext&) const override {
    Request request{.method = "POST", .target = "/translated", .body = charge.invoice};
    request.headers.add("Account", credential.name.reveal());
    return request;
  }
};

}  // namespace standin
