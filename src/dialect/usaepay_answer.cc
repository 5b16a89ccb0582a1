#include "dialect/usaepay_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/planted.h"
#include "base/text.h"
#include "dialect/json_document.h"
#include "dialect/plain_text.h"
#include "dialect/usaepay_form.h"

namespace standin {
namespace {

/// What the code of an answer with UMresult=E says of the request.
enum class Class {
  not_done,       ///< a technical error, and nothing happened
  unknown,        ///< it may have
  declined,       ///< a no
  configuration,  ///< a no that the next request would get too
  duplicate,      ///< a no because the party has had it, or one like it
};

struct CodeClass {
  int first, last;
  Class means;
};

/// https://help.usaepay.info/developer/reference/errorcodes: what is not listed here is unknown.
constexpr std::array code_classes{
    CodeClass{3, 3, Class::declined},               // transaction type not supported
    CodeClass{4, 4, Class::not_done},               // could not connect to the processor
    CodeClass{6, 7, Class::configuration},          // merchant not found, deactivated
    CodeClass{9, 10, Class::not_done},              // the vendor's database is failing over
    CodeClass{11, 17, Class::declined},             // card number and expiry
    CodeClass{18, 19, Class::not_done},             // could not contact the processor; maintenance
    CodeClass{23, 23, Class::configuration},        // source key not found
    CodeClass{24, 24, Class::declined},             // already voided
    CodeClass{26, 26, Class::declined},             // batch closed
    CodeClass{27, 27, Class::unknown},              // failed while talking to the processor
    CodeClass{28, 30, Class::configuration},        // source key blocked or not verified
    CodeClass{31, 31, Class::duplicate},            // duplicate rejected
    CodeClass{32, 35, Class::declined},             // order too large or small, address, transaction not found
    CodeClass{36, 36, Class::not_done},             // maintenance
    CodeClass{37, 40, Class::declined},             // name missing, check details
    CodeClass{43, 43, Class::declined},             // voice authorization required
    CodeClass{70, 71, Class::declined},             // amount too large, out of balance
    CodeClass{80, 80, Class::configuration},        // type not allowed from this source
    CodeClass{85, 85, Class::declined},             // invalid card
    CodeClass{93, 93, Class::unknown},              // the first of two is in progress
    CodeClass{110, 118, Class::declined},           // rules of refunds and voids
    CodeClass{2034, 2034, Class::declined},         // address does not match, funds were not held
    CodeClass{9001, 9001, Class::not_done},         // processor unavailable
    CodeClass{10105, 10116, Class::declined},       // no original; address and fraud rules
    CodeClass{10117, 10118, Class::configuration},  // hash missing, hash wrong
    CodeClass{10119, 10119, Class::declined},       // track cannot be read
    CodeClass{10124, 10127, Class::declined},       // cannot be captured; card declined
    CodeClass{10129, 10129, Class::declined},       // invalid transaction data
    CodeClass{10200, 10299, Class::declined},       // the issuer's ISO 8583 answer
};

Class class_of(int code) {
  const auto found = std::ranges::find_if(
      code_classes, [&](const CodeClass& each) { return code >= each.first && code <= each.last; });
  return found == code_classes.end() ? Class::unknown : found->means;
}

/// -1, which no table lists, for what is no number.
int number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 0 ? number : -1;
}

bool is_media(const Response& response) {
  const std::string media = media_type(response.headers);
  return media.empty() || media == "text/html" || media == "text/plain" || media == "application/x-www-form-urlencoded";
}

struct VendorResult {
  char code = 0;  ///< A, P, D, E or V
  UsaepayForm form;
};

/// Nothing unless the answer has UMresult and a UMstatus that agrees with it.
std::optional<VendorResult> read_result(const Response& response) {
  if (!is_media(response)) return std::nullopt;
  auto form = UsaepayForm::parse(trim(response.body));
  if (!form) return std::nullopt;
  const std::string_view result = form->text("UMresult");
  const std::string status = lower(form->text("UMstatus"));
  constexpr std::array<std::pair<char, std::string_view>, 6> agreeing{{{'A', "approved"},
                                                                       {'P', "partial"},
                                                                       {'P', "approved"},
                                                                       {'D', "declined"},
                                                                       {'E', "error"},
                                                                       {'V', "verification"}}};
  for (const auto& [code, word] : agreeing) {
    if (result == std::string_view(&code, 1) && status.starts_with(word)) return VendorResult{code, std::move(*form)};
  }
  return std::nullopt;
}

/// An amount that was converted is not of the currency that was asked for.
std::optional<Money> authorized_amount(const UsaepayForm& form, Currency currency) {
  if (!form.text("UMconvertedAmount").empty()) return std::nullopt;
  const auto amount = money_from_decimal(form.text("UMauthAmount"), currency);
  return amount ? std::optional(*amount) : std::nullopt;
}

Judgement approved(const UsaepayForm& form, Currency currency, bool partial) {
  const std::string_view reference = form.text("UMrefNum");
  if (reference.find_first_not_of('0') == std::string_view::npos) return untrustworthy();
  const auto part = authorized_amount(form, currency);
  if (partial && !part) return untrustworthy();
  return {.outcome = Outcome::approved,
          .upstream_reference = std::string(reference),
          .already_there = form.is_true("UMisDuplicate"),
          .part = part};
}

Judgement failed(int code) {
  switch (class_of(code)) {
    case Class::not_done: return {.outcome = Outcome::not_done, .cause = Cause::server_error};
    case Class::unknown: return {.outcome = Outcome::unknown, .cause = Cause::server_error};
    case Class::declined:
      return {.outcome = Outcome::declined, .stands_no_more = code == static_cast<int>(UsaepayCode::already_voided)};
    case Class::configuration: return {.outcome = Outcome::declined, .pause_replay = true};
    case Class::duplicate: return {.outcome = Outcome::declined, .already_there = true};
  }
  unreachable();
}

/// Answers of the vendor have status 200; whatever another one says, only "nothing happened" is believed of it.
Judgement judge_other_status(const Response& response) {
  if (response.status < 500) return untrustworthy();
  const auto result = read_result(response);
  if (result && result->code == 'E' && class_of(number_of(result->form.text("UMerrorcode"))) == Class::not_done)
    return {.outcome = Outcome::not_done, .cause = Cause::server_error};
  return {.outcome = Outcome::unknown, .cause = Cause::server_error};
}

std::string_view message(UsaepayCode code) {
  switch (code) {
    case UsaepayCode::approved: return "Approved";
    case UsaepayCode::wrong_number: return "Invalid Card Number (3)";
    case UsaepayCode::expired_card: return "Credit card has expired.";
    case UsaepayCode::offline: return "Gateway temporarily offline. Please try again shortly.";
    case UsaepayCode::already_voided: return "Transaction already voided.";
    case UsaepayCode::may_have_happened: return "Gateway temporarily offline. Please try again shortly. (2)";
    case UsaepayCode::duplicate: return "Duplicate transaction.";
    case UsaepayCode::cannot_locate: return "Unable to locate transaction";
    case UsaepayCode::in_progress: return "Duplicate transaction in progress, please try again";
    case UsaepayCode::nothing_to_refund: return "Refund: original transaction not found.";
    case UsaepayCode::refund_exceeds: return "Refund amount exceeds the original transaction.";
    case UsaepayCode::not_settled: return "Refund: original transaction has not been settled.";
    case UsaepayCode::no_original: return "Unable to find original transaction.";
    case UsaepayCode::already_captured: return "Transaction has already been captured or settled.";
    case UsaepayCode::declined: return "Card Declined";
    case UsaepayCode::invalid_data: return "Invalid transaction data.";
    case UsaepayCode::pick_up_card: return "Card Declined (04) Pick up card";
    case UsaepayCode::insufficient_funds: return "Card Declined (51) Insufficient funds";
    case UsaepayCode::wrong_security_code: return "Card Declined (97) Declined for CVV failure";
  }
  unreachable();
}

/// UMresult: the issuer's noes are D, the vendor's own are E.
char result_of(UsaepayCode code) {
  if (code == UsaepayCode::approved) return 'A';
  return static_cast<int>(code) >= static_cast<int>(UsaepayCode::declined) && code != UsaepayCode::invalid_data ? 'D'
                                                                                                                : 'E';
}

std::string_view status_of(char result) { return result == 'A' ? "Approved" : result == 'D' ? "Declined" : "Error"; }

/// The vendor writes 25.00 as 25 and 25.50 as 25.5.
std::string short_decimal(const Money& money) {
  std::string text = decimal(money);
  if (!text.contains('.')) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

Judgement judge_usaepay(const Response& response, Currency currency) {
  if (response.status == 429) return {.outcome = Outcome::not_done, .cause = Cause::server_error, .pause_replay = true};
  if (response.status != 200) return judge_other_status(response);
  const auto result = read_result(response);
  if (!result) return untrustworthy();
  switch (result->code) {
    case 'A': return approved(result->form, currency, false);
    case 'P': return approved(result->form, currency, true);
    case 'D':
    case 'V': return {.outcome = Outcome::declined};
    default: return failed(number_of(result->form.text("UMerrorcode")));
  }
}

std::string usaepay_answer_field(const Response& response, std::string_view name) {
  const auto form = UsaepayForm::parse(trim(response.body));
  return form ? std::string(form->text(name)) : std::string();
}

Response usaepay_response(const UsaepayAnswer& answer) {
  const char result = result_of(answer.code);
  const std::string error = std::string(message(answer.code)) + (answer.detail.empty() ? "" : " " + answer.detail);
  const bool has_card_checks = result == 'A' || result == 'D';
  const std::array<std::pair<std::string_view, std::string>, 24> fields{{
      {"UMversion", "2.9"},
      {"UMstatus", std::string(status_of(result))},
      {"UMauthCode", answer.auth_code},
      {"UMrefNum", answer.reference},
      {"UMavsResult", has_card_checks ? "Retry / System Unavailable" : ""},
      {"UMavsResultCode", has_card_checks ? "XXR" : ""},
      {"UMcvv2Result", has_card_checks ? "Not Processed" : ""},
      {"UMcvv2ResultCode", has_card_checks ? "P" : ""},
      {"UMresult", std::string(1, result)},
      {"UMvpasResultCode", ""},
      {"UMerror", error},
      {"UMerrorcode", fmt::format("{:05}", static_cast<int>(answer.code))},
      {"UMcustnum", ""},
      {"UMbatch", "0"},
      {"UMbatchRefNum", "0"},
      {"UMisDuplicate", "N"},
      {"UMconvertedAmount", ""},
      {"UMconvertedAmountCurrency", "840"},
      {"UMconversionRate", ""},
      {"UMcustReceiptResult", "No Receipt Sent"},
      {"UMprocRefNum", ""},
      {"UMcardLevelResult", ""},
      {"UMauthAmount", answer.amount ? short_decimal(*answer.amount) : "0"},
      {"UMfiller", "filled"},
  }};
  Response response{.status = 200};
  response.headers.add("Content-Type", "text/html");
  for (const auto& [name, value] : fields) {
    if (planted(Bug::answer_without_a_field) && name == "UMbatch") continue;
    if (!response.body.empty()) response.body.push_back('&');
    response.body.append(name).append("=").append(percent_encoded(value));
  }
  return response;
}

Response marked_as_duplicate(Response answer) {
  answer.body = with_field(answer.body, "UMisDuplicate", "Y");
  return answer;
}

std::string auth_code_of(const Ulid& id) {
  std::uint64_t chance = 0;
  for (std::size_t i = 8; i < id.bytes.size(); ++i) chance = chance << 8 | id.bytes[i];
  return fmt::format("{:06}", chance % 999'999 + 1);  // 000000 is a decline's
}

std::vector<std::string> usaepay_differences(const Response& real, const Response& ours) {
  const auto theirs = UsaepayForm::parse(trim(real.body));
  const auto own = UsaepayForm::parse(ours.body);
  std::vector<std::string> differences;
  if (!theirs || !own) return differences;
  for (const auto& field : theirs->fields()) {
    if (!own->find(field.name))
      differences.push_back(
          fmt::format("the party's answer has {}, ours has not", shown_name(mended_utf8(field.name))));
  }
  constexpr std::array<std::string_view, 8> core{"UMversion", "UMstatus", "UMauthCode",  "UMrefNum",
                                                 "UMresult",  "UMerror",  "UMerrorcode", "UMisDuplicate"};
  for (const std::string_view name : core) {
    if (!theirs->find(name)) differences.push_back(fmt::format("the party's answer has no {}, ours has", name));
  }
  return differences;
}

}  // namespace standin
