#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "dialect/gateway.h"
#include "vault/vault.h"

namespace {

using namespace standin;

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937 engine_{7};
};

std::shared_ptr<const Dialect> dialect() {
  static FixedRandom random;
  static const Vault vault = Vault::ephemeral(random);
  static const auto made = make_usaepay_dialect({.currency = "USD", .country = "US"}, vault);
  return *made;
}

std::shared_ptr<const PartyQueries> queries() {
  static const auto made = [] {
    UpstreamConfig config;
    config.name = "gate";
    config.finder = FinderConfig{};
    config.finder->timezone = "America/Los_Angeles";
    config.reversal = ReversalConfig{};
    return make_usaepay_queries(config);
  }();
  return *made;
}

void check_request(const Request& request) {
  const RequestReading reading = dialect()->read(request);
  const Request kept = dialect()->stripped(request);
  for (const auto* secret : {"UMcvv2", "UMmagstripe", "UMpin", "UMdukpt"})
    ensure(!dialect()->read(kept).field(secret), "security data is not kept");
  ensure(dialect()->stripped(kept).body == kept.body, "what is stripped is stripped");
  if (reading.operation == Operation::charge && reading.facts) {
    ensure(reading.facts->amount && reading.facts->amount->minor > 0, "a charge has an amount");
    const RequestReading again = dialect()->read(kept);
    ensure(again.facts && again.facts->amount == reading.facts->amount && again.facts->card == reading.facts->card,
           "what is kept is the same charge");
    ensure(again.normalised == reading.normalised, "and the same payload");
  }
  const Request sent =
      dialect()->outbound(request, {.key = {}, .reference = "1", .reverse_after = std::chrono::seconds(9)});
  ensure(sent.body.size() >= request.body.size() || sent.body.contains("9"), "only the deadline changes");
  if (const auto charge = dialect()->charge(request)) {
    ensure(reading.facts && charge->amount == *reading.facts->amount, "what is carried over is what was read");
  }
  (void)queries()->wanted(request, {});
  (void)queries()->account(request);
}

void check_answer(const Response& response) {
  const Judgement judgement = dialect()->judge(response);
  ensure(judgement.outcome != Outcome::approved || !judgement.upstream_reference.empty(), "an approval has a name");
  (void)dialect()->read_answer(response);
  (void)queries()->read_list(response);
  (void)queries()->reversal_done(response);
}

}  // namespace

/// Any bytes as a request, an answer and a listing: security data is never kept, and what is kept is the same charge.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Request request{.method = "POST", .target = "/gate", .headers = {}, .body = std::string(bytes)};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  check_request(request);
  Response response{.status = 200, .headers = {}, .body = std::string(bytes)};
  check_answer(response);
  return 0;
}
