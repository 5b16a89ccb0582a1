#pragma once

#include <string>
#include <string_view>

#include "dialect/dialect_test_support.h"
#include "dialect/gateway.h"
#include "dialect/usaepay_form.h"

/// What the tests of the USAePay dialect share: a charge as a client sends it, and the vendor's answers.
namespace standin::usaepay_test {

using dialect_test::answer;
using dialect_test::post;
using dialect_test::Sample;
using dialect_test::test_vault;

constexpr std::string_view card_number = "4000100011112224";

constexpr std::string_view sale_body =
    "UMkey=key-1&UMcommand=cc%3Asale&UMamount=25.00&UMcard=4000100011112224&UMexpir=1229&UMcvv2=123"
    "&UMname=Ada+Lovelace&UMstreet=1+Main&UMzip=90010&UMinvoice=1001&UMorderid=order-9&UMcustid=c-7"
    "&UMhash=s%2Fabc%2F0123%2Fn&UMip=10.0.0.1";

inline Request gate(std::string_view body, std::string_view content_type = "application/x-www-form-urlencoded") {
  Request request = post(body, content_type);
  request.target = "/gate";
  return request;
}

/// The sale with one field changed, or added.
inline Request sale_with(std::string_view field, std::string_view value) {
  return gate(with_field(sale_body, field, value));
}

inline std::shared_ptr<const Dialect> usaepay(GatewayDefaults defaults = {.currency = "USD", .country = "US"}) {
  auto made = make_usaepay_dialect(defaults, test_vault());
  ensure(made.has_value(), made ? "" : made.error().what);
  return *made;
}

inline Response gate_says(std::string_view body, int status = 200) { return answer(status, body, "text/html"); }

/// An answer with UMresult=E.
inline Response gate_error(std::string_view code) {
  return gate_says("UMversion=2.9&UMstatus=Error&UMauthCode=000000&UMrefNum=&UMresult=E&UMerror=x&UMerrorcode=" +
                   std::string(code));
}

constexpr std::string_view approval =
    "UMversion=2.9&UMstatus=Approved&UMauthCode=042366&UMrefNum=132020588&UMavsResult=Match&UMavsResultCode=YYY"
    "&UMcvv2Result=Match&UMcvv2ResultCode=M&UMresult=A&UMerror=Approved&UMerrorcode=00000&UMbatch=120"
    "&UMbatchRefNum=848&UMisDuplicate=N&UMauthAmount=25&UMfiller=filled";
constexpr std::string_view refusal =
    "UMversion=2.9&UMstatus=Declined&UMauthCode=000000&UMrefNum=132020589&UMresult=D&UMerror=Card%20Declined"
    "&UMerrorcode=10127&UMisDuplicate=N&UMauthAmount=0&UMfiller=filled";

}  // namespace standin::usaepay_test
