#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect/dialect.h"

namespace standin {

/// What an answer of the vendor means; amounts that it names are of `currency`. docs/dialect-usaepay.md has the table.
Judgement judge_usaepay(const Response& response, Currency currency);

/// One field of an answer; "" if it is absent, or the answer is none of the vendor's.
std::string usaepay_answer_field(const Response& response, std::string_view name);

/// The vendor's error codes that standin gives itself.
enum class UsaepayCode {
  approved = 0,
  wrong_number = 13,
  expired_card = 17,
  offline = 18,  ///< the vendor's word for: nothing happened, try again
  already_voided = 24,
  may_have_happened = 27,  ///< "Gateway temporarily offline": the vendor's own word for neither yes nor no
  duplicate = 31,
  cannot_locate = 35,
  in_progress = 93,
  nothing_to_refund = 110,
  refund_exceeds = 112,
  not_settled = 114,  ///< a hold, of which nothing was taken yet
  no_original = 10105,
  already_captured = 10126,
  declined = 10127,
  invalid_data = 10129,
  pick_up_card = 10204,
  insufficient_funds = 10251,
  wrong_security_code = 10297,
};

/// An answer in the vendor's shape: HTTP 200, text/html, one line without its end.
struct UsaepayAnswer {
  UsaepayCode code = UsaepayCode::approved;  ///< decides UMstatus, UMresult, UMerror and UMerrorcode
  std::string auth_code = "000000";
  std::string reference = "0";
  std::optional<Money> amount;  ///< authorized
  std::string detail;           ///< added to UMerror
};
Response usaepay_response(const UsaepayAnswer& answer);
/// With UMisDuplicate=Y.
Response marked_as_duplicate(Response answer);
/// Six digits that are always the same for one order.
std::string auth_code_of(const Ulid& id);

/// Names of fields that the vendor's answer has and ours lacks, or the other way round, each as a sentence.
std::vector<std::string> usaepay_differences(const Response& real, const Response& ours);

}  // namespace standin
