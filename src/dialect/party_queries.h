#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/money.h"
#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "net/message.h"
#include "vault/secret.h"

namespace standin {

/// What the party's search said.
struct Found {
  enum class Kind { one, none, several, unreadable } kind = Kind::unreadable;
  std::string upstream_reference;  ///< of the one
  bool standing = false;           ///< of the one: not voided or cancelled
};

/// Which order a query is about.
struct OrderNames {
  OrderKey key;
  std::string request_id, reference, upstream_reference;
};

/// One charge as the party's listing shows it.
struct Listed {
  std::string upstream_reference;
  WallTime created{};
  Money amount;
  std::string card;                ///< masked, such as "4000xxxxxxxx2224": what is not "x" or "*" is a digit
  std::string reference, invoice;  ///< the merchant's, where the listing shows them
  std::string own_key;             ///< our order key, where we could put it into the charge and the listing shows it
  bool standing = false;           ///< approved, and neither voided nor wholly refunded
};

/// Which part of whose listing.
struct ListQuery {
  SecretText account;  ///< as `account` returned it
  WallTime from{}, to{};
  std::string cursor;  ///< "" for the first page, then ListPage::next
  std::string nonce;   ///< 16 random hexadecimal characters, for authentication that wants a seed
};

/// Newest first.
struct ListPage {
  std::vector<Listed> charges;
  std::string next;  ///< "" at the end
};

/// How one party is asked what it has, and told to undo it. Pure: requests out, answers in.
class PartyQueries {
 public:
  virtual ~PartyQueries() = default;

  enum class Finding {
    none,
    by_request,  ///< one request finds one order
    by_listing,  ///< a listing of charges, read page by page, to look for similar ones in
  };
  virtual Finding finding() const = 0;
  virtual bool can_reverse() const = 0;

  // --- by request ---
  virtual Request finder_request(const OrderNames& order) const;
  virtual Found read_finder_answer(const Response& response) const;

  // --- by listing ---
  /// Whose listing holds the charge: the credential in the original request, with what else authenticates it. Nothing
  /// if it is not known: then nobody can look.
  virtual std::optional<SecretText> account(const Request& original) const;
  virtual Request list_request(const ListQuery& query) const;
  virtual Result<ListPage> read_list(const Response& response) const;
  /// What to compare the listing with.
  virtual std::optional<Listed> wanted(const Request& original, const OrderNames& order) const;

  // --- undoing ---
  /// Nothing if it cannot be asked for, such as without a credential. `original` is the charge as kept.
  virtual std::optional<Request> reversal_request(const OrderNames& order, const Request& original,
                                                  std::string_view nonce) const = 0;
  virtual bool reversal_done(const Response& response) const = 0;
  /// A no that asking again would bring too, such as that the batch has closed: a person has to give the money back.
  virtual bool reversal_refused(const Response& response) const;
};

/// The finder and reversal of one `[upstream.NAME]`: by template, or its dialect's own.
Result<std::shared_ptr<const PartyQueries>> make_queries(const UpstreamConfig& upstream);

}  // namespace standin
