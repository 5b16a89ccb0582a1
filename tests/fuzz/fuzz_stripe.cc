#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "dialect/gateway.h"
#include "dialect/stripe_request.h"
#include "vault/vault.h"

namespace standin {
namespace {

class SeededRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_{7};
};

const Dialect& dialect() {
  static SeededRandom random;
  static const Vault vault = Vault::ephemeral(random);
  static const auto made = make_stripe_dialect({.currency = "USD", .country = "US", .strip = {}}, vault);
  return **made;
}

/// What is kept holds no security code, and is kept the same a second time.
void check_stripped(const Request& request) {
  const Request kept = dialect().stripped(request);
  ensure(to_wire(dialect().stripped(kept)) == to_wire(kept), "what is stripped stays as it is");
  const auto parameters = stripe::Parameters::read(kept);
  if (!parameters) return;
  for (const auto& field : parameters->fields()) {
    ensure(!stripe::is_security_data(field.name), "security data is not kept");
  }
}

void check_answers(const Request& request, const Facts& facts) {
  const AnswerContext context{.request = request,
                              .facts = facts,
                              .reference = dialect().reference({}, 0),
                              .request_id = "r",
                              .key = {},
                              .id = {},
                              .now = {}};
  const Response approved = dialect().approve(context);
  ensure(dialect().judge(approved).outcome == Outcome::approved, "our approval is one to our own dialect");
  ensure(dialect().judge(dialect().decline(context)).outcome == Outcome::declined, "and our decline a decline");
  const OwnOrder order{.reference = context.reference, .amount = *facts.amount, .request = request, .answer = approved};
  for (const auto operation : {Operation::read, Operation::capture, Operation::cancel, Operation::refund}) {
    ensure(dialect().answer_about(operation, order, context).has_value(), "a later request is answered");
  }
}

}  // namespace
}  // namespace standin

/// The first line is a method and a target, the rest a body: any bytes are read without harm, and what is read as a
/// charge is answered as one. The body is also judged as an answer, and read as a listing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace standin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::string_view body = text.substr(std::min(text.size(), line.size() + 1));
  Request request{.method = std::string(line.substr(0, line.find(' '))),
                  .target = std::string(line.substr(std::min(line.size(), line.find(' ') + 1))),
                  .headers = {},
                  .body = std::string(body)};
  request.headers.add("Authorization", "Bearer sk_test_abc");
  const RequestReading reading = dialect().read(request);
  check_stripped(request);
  if (reading.operation == Operation::charge && reading.facts) check_answers(request, *reading.facts);
  dialect().charge(request);
  dialect().about_upstream(request, "pi_9");

  Response response{.status = 200, .headers = {}, .body = std::string(body)};
  response.headers.add("Content-Type", "application/json");
  dialect().judge(response);
  UpstreamConfig upstream;
  upstream.finder = FinderConfig{};
  static const auto queries = *make_stripe_queries(upstream);
  const auto page = queries->read_list(response);
  queries->reversal_done(response);
  return 0;
}
