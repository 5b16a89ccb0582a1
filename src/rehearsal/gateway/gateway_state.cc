#include "rehearsal/gateway/gateway_state.h"

#include <algorithm>
#include <array>

namespace standin::rehearsal {
namespace {

struct VendorError {
  std::string_view code;
  std::string_view message;
};

// https://help.usaepay.info/developer/reference/errorcodes/
constexpr std::array vendor_errors{
    VendorError{"00000", "Approved"},
    VendorError{"00004", "Processing gateway currently offline. Please try back in a few moments."},
    VendorError{"00009", "Unable To Create Transaction. Please Contact Support."},
    VendorError{"00010", "Unable To Allocate Transaction Slot. Please contact support."},
    VendorError{"00011", "Invalid Card Number (1)"},
    VendorError{"00012", "Card Number was not between 13 and 16 digits"},
    VendorError{"00013", "Invalid Card Number (3)"},
    VendorError{"00014", "Invalid Credit Card Number (1)"},
    VendorError{"00015", "Invalid expiration date. Must be in MMYY format."},
    VendorError{"00016", "Invalid expiration date. Must be in MMYY format."},
    VendorError{"00017", "Credit card has expired."},
    VendorError{"00018", "Gateway temporarily offline. Please try again shortly."},
    VendorError{"00019", "Gateway temporarily offline for maintenance. Please try again in a few minutes."},
    VendorError{"00023", "Specified source key not found."},
    VendorError{"00024", "Transaction already voided."},
    VendorError{"00026", "The batch has already been closed. Please apply a credit instead."},
    VendorError{"00027", "Gateway temporarily offline. Please try again shortly. (2)"},
    VendorError{"00035", "Unable to locate transaction"},
    VendorError{"00036", "Gateway temporarily offline for maintenance. Please try again in a few minutes."},
    VendorError{"00038", "Invalid Routing Number."},
    VendorError{"00039", "Invalid Checking Account Number."},
    VendorError{"00070", "Transaction exceeds maximum amount. ($99,999)"},
    VendorError{"00080", "Transaction type not allowed from this source."},
    VendorError{"00093", "Duplicate transaction in progress, please try again"},
    VendorError{"00110", "Refund: original transaction not found."},
    VendorError{"00111", "Refund: original transaction was not approved."},
    VendorError{"00112", "Refund amount exceeds the original transaction."},
    VendorError{"00113", "Refund: original transaction has been refunded already."},
    VendorError{"00114", "Refund: original transaction has not been settled."},
    VendorError{"00115", "Refund: original transaction was voided."},
    VendorError{"00116", "Void: transaction is not of a type that can be voided."},
    VendorError{"00117", "Void: transaction was not approved."},
    VendorError{"00118", "Transaction is not voided."},
    VendorError{"09001", "Processor temporarily unavailable."},
    VendorError{"10105", "Unable to find original transaction."},
    VendorError{"10117", "Transaction authentication required."},
    VendorError{"10118", "Transaction authentication failed."},
    VendorError{"10119", "Unable to parse mag stripe data."},
    VendorError{"10124", "Unsupported transaction type."},
    VendorError{"10125", "Original transaction not approved."},
    VendorError{"10126", "Transaction has already been captured or settled."},
    VendorError{"10127", "Card Declined"},
    VendorError{"10129", "Invalid transaction data."},
    VendorError{"10204", "Card Declined (04) Pick up card"},
    VendorError{"10205", "Card Declined (05) Do not honor"},
    VendorError{"10212", "Card Declined (12) Invalid transaction"},
    VendorError{"10215", "Card Declined (15) Invalid issuer"},
    VendorError{"10225", "Card Declined (25) Unable to locate record"},
    VendorError{"10251", "Card Declined (51) Insufficient funds"},
    VendorError{"10255", "Card Declined (55) Invalid PIN"},
    VendorError{"10257", "Card Declined (57) Transaction not permitted"},
    VendorError{"10262", "Card Declined (62) Restricted card"},
    VendorError{"10265", "Card Declined (65) Excess withdrawal count"},
    VendorError{"10275", "Card Declined (75) Allowable number of PIN tries exceeded"},
    VendorError{"10278", "Card Declined (78) No checking account"},
    VendorError{"10297", "Card Declined (97) Declined for CVV failure"},
    VendorError{"10300", "Returned check for this account"},
};

constexpr std::int64_t minute_ms = 60'000;

}  // namespace

const SourceKey* GatewayState::find_key(std::string_view key) const {
  const auto found = std::ranges::find(settings.keys, key, &SourceKey::key);
  return found == settings.keys.end() ? nullptr : &*found;
}

bool GatewayState::may_search(const std::string& key, WallTime now) {
  SearchCount& count = searches[key];
  const std::int64_t minute = unix_ms(now) / minute_ms;
  const std::int64_t day = unix_ms(now) / day_ms;
  if (count.minute != minute) count.in_minute = 0;
  if (count.day != day) count.in_day = 0;
  count.minute = minute;
  count.day = day;
  ++count.in_minute;
  ++count.in_day;
  const bool within_minute = settings.searches_per_minute == 0 || count.in_minute <= settings.searches_per_minute;
  const bool within_day = settings.searches_per_day == 0 || count.in_day <= settings.searches_per_day;
  const bool allowed = within_minute && within_day;
  count.most_in_minute = std::max(count.most_in_minute, count.in_minute);
  ++count.asked;
  if (!allowed) ++count.refused;
  return allowed;
}

WallTime GatewayState::clock_of(std::size_t location, WallTime now) const {
  return now + std::chrono::duration_cast<std::chrono::milliseconds>(faults.skew(location));
}

GatewayWork answered(GatewayAsk ask, Response response) {
  GatewayWork work;
  work.ask = ask;
  work.begins = false;
  work.perform = [response](WallTime, bool) { return response; };
  work.fail = [](std::string_view error) { return gateway_response(503, "text/plain", vendor_message(error)); };
  return work;
}

Response gateway_response(int status, std::string_view content_type, std::string body) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.set("Content-Type", content_type);
  return response;
}

std::string local_time(WallTime time, std::chrono::minutes timezone) {
  std::string text = iso8601(time + timezone).substr(0, 19);
  if (text.size() == 19) text[10] = ' ';
  return text;
}

std::string vendor_message(std::string_view code) {
  for (const VendorError& error : vendor_errors) {
    if (error.code == code) return std::string(error.message);
  }
  return "Error " + std::string(code);
}

}  // namespace standin::rehearsal
