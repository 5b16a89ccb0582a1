#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/client.h"
#include "rehearsal/shop_model.h"

namespace standin::rehearsal {

/// How the shop charges cards through a gateway of the USAePay kind (docs/dialect-usaepay.md), or through a standin in
/// front of one.
struct ChargeAccount {
  Endpoint gateway;  ///< without a base path
  std::string path;  ///< "/gate"
  std::string key;   ///< UMkey
  std::string pin;   ///< of the key; empty: requests are not signed
};

/// `url` such as "http://127.0.0.1:8080/gate", `key` such as "sandbox" or "sandbox-pin:1234". The error never quotes
/// the key.
Result<ChargeAccount> charge_account(std::string_view url, std::string_view key);

/// A sale of the order's total under its own id (UMorderid), or the void of its charge. A sale asked again is the same
/// but for `seed`, which is to differ: it goes into the signature.
Request request_to_gateway(const Ask& ask, const ChargeAccount& account, std::string_view seed);

/// What the answer to `ask` means. What is voided already, or nothing, is as good as voided.
GatewayWord word_of(const Ask& ask, const Result<Response>& answer);

}  // namespace standin::rehearsal
