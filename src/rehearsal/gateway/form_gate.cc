#include "rehearsal/gateway/form_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "vault/plain_digest.h"

namespace standin::rehearsal {
namespace {

struct Meaning {
  std::string_view code;
  std::string_view text;
};
constexpr std::array avs_meanings{
    Meaning{"YYY", "Address: Match & 5 Digit Zip: Match"},
    Meaning{"YYX", "Address: Match & 9 Digit Zip: Match"},
    Meaning{"NYZ", "Address: No Match & 5 Digit Zip: Match"},
    Meaning{"NYW", "Address: No Match & 9 Digit Zip: Match"},
    Meaning{"YNA", "Address: Match & 5 Digit Zip: No Match"},
    Meaning{"NNN", "Address: No Match & 5 Digit Zip: No Match"},
    Meaning{"XXW", "Card Number Not On File"},
    Meaning{"XXU", "Address Information not verified for domestic transaction"},
    Meaning{"XXR", "Retry / System Unavailable"},
    Meaning{"XXS", "Service Not Supported"},
    Meaning{"XXE", "Address Verification Not Allowed For Card Type"},
    Meaning{"XXG", "Global Non-AVS participant"},
    Meaning{"YYG", "International Address: Match & Zip: Not Compatible"},
    Meaning{"GGG", "International Address: Match & Zip: Match"},
    Meaning{"YGG", "International Address: Not Compatible & Zip: Match"},
};
constexpr std::array cvv_meanings{
    Meaning{"M", "Match"},
    Meaning{"N", "No Match"},
    Meaning{"P", "Not Processed"},
    Meaning{"S", "Should be on card but not so indicated"},
    Meaning{"U", "Issuer Not Certified"},
    Meaning{"X", "No response from association"},
};

template <std::size_t size>
std::string_view meaning(const std::array<Meaning, size>& meanings, std::string_view code) {
  for (const Meaning& known : meanings) {
    if (known.code == code) return known.text;
  }
  return {};
}

/// The one line that the API answers: HTTP 200, text/html, no newline at its end.
class GateLine {
 public:
  GateLine() { add("UMversion", "2.9"); }
  GateLine& add(std::string_view name, std::string_view value) {
    if (!line_.empty()) line_ += '&';
    line_.append(name).append("=").append(percent_encoded(value));
    return *this;
  }
  Response response(std::string_view more = {}) {
    if (!more.empty()) line_.append("&").append(more);
    add("UMfiller", "filled");
    return gateway_response(200, "text/html", std::move(line_));
  }

 private:
  std::string line_;
};

/// As the vendor writes amounts that it authorized: "25", "12.5".
std::string short_decimal(const Money& amount) {
  std::string text = decimal(amount);
  if (text.find('.') == std::string::npos) return text;
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void add_batch(GateLine& line, int batch) {
  line.add("UMbatch", std::to_string(batch)).add("UMbatchRefNum", std::to_string(batch + 728));
}

/// "s/SEED/HEX/n", sha1 (or "m/...", md5) of command:pin:amount:invoice:seed, missing parts empty.
std::optional<std::string_view> hash_problem(const Fields& fields, const SourceKey& merchant) {
  if (merchant.pin.empty()) return std::nullopt;
  const std::string_view given = fields["UMhash"];
  if (given.empty()) return "10117";
  const auto parts = split(given, '/');
  if (parts.size() < 3) return "10118";
  const std::string text = fmt::format("{}:{}:{}:{}:{}", fields["UMcommand"], merchant.pin, fields["UMamount"],
                                       fields["UMinvoice"], parts[1]);
  const bool good = (parts[0] == "s" && equal_ignoring_case(parts[2], sha1_hex(text))) ||
                    (parts[0] == "m" && equal_ignoring_case(parts[2], md5_hex(text)));
  if (good) return std::nullopt;
  return "10118";
}

std::string command_of(const Fields& fields) {
  std::string command = lower(trim(fields["UMcommand"]));
  if (command.starts_with("cc:")) command.erase(0, 3);
  if (command.empty()) return "sale";
  if (command == "preauth") return "authonly";
  // A credit that names its charge is that charge's refund.
  if (command == "credit" && fields.has("UMrefNum") && fields["UMcard"].empty()) return "refund";
  return command;
}

constexpr std::array<std::string_view, 7> charges{"sale",       "authonly", "postauth", "quicksale",
                                                  "check:sale", "credit",   "save"};
constexpr std::array<std::string_view, 8> changes{"capture",    "refund",      "void",   "void:release",
                                                  "creditvoid", "quickcredit", "adjust", "unvoid"};

}  // namespace

Response gate_answer(const Payment& payment, bool duplicate, std::string_view more) {
  const bool approved = payment.state != PaymentState::declined;
  GateLine line;
  line.add("UMstatus", approved ? "Approved" : "Declined")
      .add("UMauthCode", payment.auth_code.empty() ? "000000" : payment.auth_code)
      .add("UMrefNum", std::to_string(payment.refnum))
      .add("UMavsResult", meaning(avs_meanings, payment.avs))
      .add("UMavsResultCode", payment.avs)
      .add("UMcvv2Result", meaning(cvv_meanings, payment.cvv))
      .add("UMcvv2ResultCode", payment.cvv)
      .add("UMvpasResultCode", "")
      .add("UMresult", approved ? "A" : "D")
      .add("UMerror", approved ? "Approved" : vendor_message(payment.error_code))
      .add("UMerrorcode", approved ? "00000" : payment.error_code)
      .add("UMcustnum", "");
  add_batch(line, payment.batch);
  line.add("UMisDuplicate", duplicate ? "Y" : "N")
      .add("UMconvertedAmount", "")
      .add("UMconvertedAmountCurrency", "840")
      .add("UMconversionRate", "")
      .add("UMcustReceiptResult", "No Receipt Sent")
      .add("UMprocRefNum", "")
      .add("UMcardLevelResult", "A")
      .add("UMauthAmount", approved ? short_decimal(payment.amount) : "0");
  return line.response(more);
}

Response gate_error(const GatewayState& state, std::string_view code, std::string_view message) {
  GateLine line;
  line.add("UMstatus", "Error")
      .add("UMauthCode", "000000")
      .add("UMrefNum", "")
      .add("UMresult", "E")
      .add("UMerror", message.empty() ? vendor_message(code) : std::string(message))
      .add("UMerrorcode", code);
  add_batch(line, state.books.open_batch());
  return line.add("UMisDuplicate", "N").add("UMauthAmount", "0").response();
}

const Payment* original_of(const GateCall& call) {
  const auto refnum = whole_number(call.fields["UMrefNum"], 1, INT64_MAX);
  const Payment* found = refnum ? call.state.books.find(*refnum) : nullptr;
  return found != nullptr && found->source_key == call.merchant.key ? found : nullptr;
}

GatewayWork form_gate(GatewayState& state, const GatewayArrival& arrival) {
  const Request& request = arrival.request;
  Fields fields(request.method == "POST" ? std::string_view(request.body) : query_of(request.target));
  const auto refuse = [&state](std::string_view code) { return answered(GatewayAsk::charge, gate_error(state, code)); };
  const SourceKey* merchant = state.find_key(fields["UMkey"]);
  if (merchant == nullptr) return refuse("00023");
  if (const auto problem = hash_problem(fields, *merchant)) return refuse(*problem);
  const auto header = [&](std::string_view name) { return std::string(request.headers.find(name).value_or("")); };
  const std::string command = command_of(fields);
  const std::string timeout(fields.has("UMtimeout") ? fields["UMtimeout"] : header("ApiTimeout"));
  const auto call = std::make_shared<const GateCall>(GateCall{.state = state,
                                                              .fields = std::move(fields),
                                                              .merchant = *merchant,
                                                              .command = command,
                                                              .location = arrival.location,
                                                              .standin_key = header("Standin-Key"),
                                                              .idempotency_key = header("Idempotency-Key")});
  const bool change = std::ranges::find(changes, command) != changes.end();
  if (!change && std::ranges::find(charges, command) == charges.end()) return refuse("10124");
  GatewayWork work = change ? gate_change(call) : gate_charge(call, arrival.at);
  work.country = merchant->country;
  const auto asked = whole_number(timeout, 1, 3600);
  if (asked || merchant->timeout > Duration{}) {
    work.reverse_after = asked ? Duration(std::chrono::seconds(*asked)) : merchant->timeout;
  }
  work.fail = [call, give_up = std::move(work.fail)](std::string_view code) {
    if (give_up) give_up(code);
    return gate_error(call->state, code);
  };
  return work;
}

}  // namespace standin::rehearsal
