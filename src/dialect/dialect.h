#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/facts.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/ulid.h"
#include "config/config.h"
#include "net/message.h"

namespace standin {

class Vault;

/// What one answer of the party means.
struct Judgement {
  Outcome outcome = Outcome::unknown;
  Cause cause = Cause::untrustworthy;  ///< when standing in because of it: server_error or untrustworthy
  std::string upstream_reference;      ///< the party's own name for the order, when the answer gives one
  bool already_there = false;          ///< proof that the party had it before this request (`have_it`)
  /// A replay of the whole route would fail alike: 401, 403, 404, 408, 429, or untrustworthy but for a bare 409.
  bool pause_replay = false;
};

/// Everything a template may name.
struct AnswerContext {
  const Request& request;
  const Facts& facts;
  std::string reference;  ///< ours: gateway-down-<ulid>
  std::string request_id;
  OrderKey key;
  Ulid id;
  WallTime now;
};

/// What the party's search said.
struct Found {
  enum class Kind { one, none, several, unreadable } kind = Kind::unreadable;
  std::string upstream_reference;  ///< of the one
  bool standing = false;           ///< of the one: not voided or cancelled
};

/// What a route needs to know of a request.
struct RequestReading {
  Result<Facts> facts;     ///< or an error that names the fact and what is wrong with it, never its value
  std::string normalised;  ///< what makes two requests the same payload: method, path and fields in a fixed order,
                           ///< without what is stripped
};

/// What a message means in one party's wire format. Pure: no I/O, no clock; one instance is shared by all threads.
class Dialect {
 public:
  virtual ~Dialect() = default;

  virtual RequestReading read(const Request& request) const = 0;
  /// The text of one field, by JSON Pointer or form field name; nothing if absent or the body cannot be read.
  virtual std::optional<std::string> field(const Request& request, std::string_view selector) const = 0;
  /// The request without what may not be kept.
  virtual Request stripped(Request request) const = 0;

  virtual Judgement judge(const Response& response) const = 0;

  virtual Response approve(const AnswerContext& context) const = 0;
  virtual Response decline(const AnswerContext& context) const = 0;
  virtual Response unavailable(const AnswerContext& context) const = 0;

  /// Differences in shape (status, content type, fields and their types) between the party's real answer and the
  /// configured one to the same request, each as a sentence; empty when they agree. Approvals are compared with
  /// `approve`, declines with `decline`; other answers have none.
  virtual std::vector<std::string> drift(const Response& real, const AnswerContext& context) const = 0;
};

/// Builds the dialect of one `[stand_in.NAME]`; an error names what is wrong with a template or fact, `where` is the
/// template's own place. The vault must outlive the dialect, the configuration need not.
Result<std::shared_ptr<const Dialect>> make_dialect(const StandInConfig& config, const Vault& vault);

/// The finder and reversal of one `[upstream.NAME]`: requests by template, answers by pointer. Pure.
class PartyQueries {
 public:
  static Result<PartyQueries> make(const UpstreamConfig& upstream);

  bool can_find() const { return config_.finder.has_value(); }
  bool can_reverse() const { return config_.reversal.has_value(); }
  /// {{order_key}}, {{request_id}}, {{reference}} and {{upstream_reference}} are percent-encoded into the target.
  Request finder_request(const OrderKey& key, std::string_view request_id, std::string_view reference) const;
  Found read_finder_answer(const Response& response) const;
  Request reversal_request(const OrderKey& key, std::string_view request_id, std::string_view reference,
                           std::string_view upstream_reference) const;
  bool reversal_done(const Response& response) const;

 private:
  UpstreamConfig config_;
};

}  // namespace standin
