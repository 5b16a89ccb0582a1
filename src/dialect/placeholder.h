#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect/body.h"
#include "dialect/dialect.h"

namespace standin {

/// What one {{...}} of an answer's template names. docs/dialect-json.md lists them.
struct Placeholder {
  enum class Kind {
    request,
    header,
    amount,
    amount_decimal,
    currency,
    merchant,
    customer,
    fact_reference,
    country,
    reference,
    reference_digits,
    request_id,
    order_key,
    ulid,
    uuid,
    now_iso8601,
    now_iso8601s,
    now_unix,
    now_unix_ms,
    now_http,
    now_date,
  };

  Kind kind = Kind::reference;
  std::optional<Selector> selector;  ///< of request
  std::string header;                ///< of header
  int digits = 0;                    ///< of reference_digits

  /// An error names the nearest right one.
  static Result<Placeholder> parse(std::string_view text);
};

/// What a placeholder stands for in one answer.
struct PlaceholderValue {
  enum class Kind { missing, text, number, json };
  Kind kind = Kind::missing;
  std::string text;  ///< UTF-8; of json: a compact JSON text
};

/// The values of one answer; the same context gives the same ones. The context must outlive it.
class PlaceholderValues {
 public:
  explicit PlaceholderValues(const AnswerContext& context)
      : context_(context), body_(context.request.headers, context.request.body) {}

  PlaceholderValue operator()(const Placeholder& placeholder);

 private:
  PlaceholderValue from_request(const Selector& selector);

  const AnswerContext& context_;
  Body body_;
};

/// A number of that many digits (1 to 18), the first of them not 0, made from the id: equal for equal ids.
/// Short ones repeat: of 9 digits, two in some 40,000 are likely to be equal.
std::string digits_from(const Ulid& id, int digits);
/// The id in the shape of a UUID version 7 (RFC 9562 section 5.7): its milliseconds, and its chance but for six bits.
std::string uuid_from(const Ulid& id);

}  // namespace standin
