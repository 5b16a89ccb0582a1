#include "dialect/usaepay_listing.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "dialect/json_document.h"

namespace standin {

struct UsaepayListing::Zone {
  const date::time_zone* rules;
};

namespace {

using namespace std::chrono_literals;

/// Charges of one second, and of locations whose clocks differ a little, may be listed the wrong way round.
constexpr auto disorder_max = 1min;

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  const std::string_view digits = text.substr(at, count);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} && end == digits.data() + count && value >= 0 ? std::optional(value) : std::nullopt;
}

/// "2026-11-22 06:30:00"
std::optional<date::local_seconds> local_time(std::string_view text) {
  if (text.size() != 19 || text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto year = digits_at(text, 0, 4), month = digits_at(text, 5, 2), day = digits_at(text, 8, 2);
  const auto hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2), second = digits_at(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const date::year_month_day date{date::year(*year), date::month(static_cast<unsigned>(*month)),
                                  date::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return date::local_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

WallTime wall(date::local_seconds local, std::chrono::seconds offset) {
  return WallTime(std::chrono::milliseconds((local.time_since_epoch() - offset)));
}

/// In the hour that the end of summer time repeats, the newer neighbour in the list decides.
std::optional<WallTime> placed(date::local_seconds local, const date::time_zone& zone, std::optional<WallTime> newer) {
  const date::local_info info = zone.get_info(local);
  if (info.result == date::local_info::unique) return wall(local, info.first.offset);
  if (info.result == date::local_info::nonexistent || !newer) return std::nullopt;
  const WallTime second = wall(local, info.second.offset);
  return second <= *newer + disorder_max ? second : wall(local, info.first.offset);
}

std::string text_of(JsonValue object, std::string_view name) {
  const auto value = object.member(name);
  const bool is_text = value && (value->kind() == JsonKind::string || value->kind() == JsonKind::number);
  return is_text ? std::string(value->text()) : std::string();
}

std::string masked_card(JsonValue row) {
  const auto card = row.member("creditcard");
  return card && card->kind() == JsonKind::object ? text_of(*card, "number") : std::string();
}

/// https://help.usaepay.info/developer/reference/transactioncodes: what is no charge of a card. Types that are not
/// listed there count as one, so that none is overlooked.
bool is_charge(JsonValue row) {
  constexpr std::string_view others = "CZ_NW3T2Q456KRHGEYJMIPBUO";
  const std::string type = text_of(row, "trantype_code");
  const std::string result = text_of(row, "result_code");
  const bool approved = result == "A" || result == "P";
  return approved && (type.size() != 1 || !others.contains(type[0]));
}

/// V: voided; R: authorization released; E: error. A voided sale may be told by its type as well.
bool is_standing(JsonValue row) {
  const std::string status = text_of(row, "status_code");
  return text_of(row, "trantype_code") != "V" && status != "V" && status != "R" && status != "E";
}

std::unexpected<Error> unreadable(std::string_view what) {
  return failure(fmt::format("the list of transactions {}", what), "transactions", Sent::answered);
}

/// "" at the end. New charges push older ones back while pages are read: some are then seen twice, none is missed.
Result<std::string> next_page(JsonValue list, std::size_t rows) {
  std::size_t offset = 0, total = 0;
  const std::string offset_text = text_of(list, "offset"), total_text = text_of(list, "total");
  const auto read = [](const std::string& text, std::size_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
  };
  if (!read(offset_text, offset) || !read(total_text, total)) return unreadable("does not say how long it is");
  if (rows == 0 && offset < total) return unreadable("ends before its end");
  return offset + rows < total ? std::to_string(offset + rows) : std::string();
}

}  // namespace

Result<UsaepayListing> UsaepayListing::make(const std::string& timezone, Currency currency) {
  UsaepayListing listing;
  listing.currency_ = currency;
  try {
    listing.zone_ = std::make_shared<const Zone>(Zone{date::locate_zone(timezone)});
  } catch (const std::runtime_error&) {
    return failure(
        fmt::format("timezone: {} is not a time zone that this system knows, such as America/Los_Angeles", timezone),
        timezone);
  }
  return listing;
}

Result<ListPage> UsaepayListing::read(const Response& response) const {
  if (response.status != 200) return unreadable(fmt::format("was answered with status {}", response.status));
  const auto document = JsonDocument::parse(response.body);
  const auto rows = document ? document->root().member("data") : std::nullopt;
  if (!rows || rows->kind() != JsonKind::array) return unreadable("cannot be read");
  ListPage page;
  std::optional<WallTime> newer;
  std::size_t count = 0;
  for (const JsonValue row : *rows) {
    ++count;
    const auto local = local_time(text_of(row, "created"));
    const auto created = local ? placed(*local, *zone_->rules, newer) : std::nullopt;
    if (!created) return unreadable("has an entry whose time cannot be told");
    if (newer && *created > *newer + disorder_max) return unreadable("is not newest first");
    newer = created;
    if (!is_charge(row)) continue;
    const auto amount = money_from_decimal(text_of(row, "amount"), currency_);
    const std::string reference = text_of(row, "refnum");
    if (!amount || reference.empty()) return unreadable("has an entry without amount or reference");
    page.charges.push_back({.upstream_reference = reference,
                            .created = *created,
                            .amount = *amount,
                            .card = masked_card(row),
                            .reference = text_of(row, "orderid"),
                            .invoice = text_of(row, "invoice"),
                            .own_key = {},
                            .standing = is_standing(row)});
  }
  auto next = next_page(document->root(), count);
  if (!next) return std::unexpected(next.error());
  page.next = std::move(*next);
  return page;
}

}  // namespace standin
