#include "rehearsal/gateway/gateway_ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "rehearsal/gateway/gateway_test_support.h"

namespace standin::rehearsal {
namespace {

using counter::Counter;

class GatewayLedgerFile : public testing::Test {
 protected:
  ~GatewayLedgerFile() override { std::filesystem::remove_all(folder); }

  const std::filesystem::path folder = [] {
    const auto made = std::filesystem::temp_directory_path() / ("standin-gateway-" + std::to_string(getpid()));
    std::filesystem::create_directories(made);
    return made;
  }();
  const std::string file = folder / "ledger.db";
};

/// Every row of every kind that these requests leave behind.
std::vector<GatewayWrite> writes_of(Counter& counter, const std::vector<Request>& requests) {
  std::vector<GatewayWrite> all;
  for (const Request& request : requests) {
    auto exchange = counter.model.arrive({1, request, counter.now});
    for (GatewayStep step; !step.answer;) {
      step = counter.model.next(exchange, counter.now);
      all.insert(all.end(), step.writes.begin(), step.writes.end());
    }
  }
  return all;
}

Request stripe_request() {
  Request request{.method = "POST", .target = "/v1/charges", .headers = {}, .body = {}};
  request.body = "amount=5&currency=usd&source=tok_visa&metadata[a]=b&description=c";
  request.headers.set("Authorization", "Bearer sk_test");
  request.headers.set("Idempotency-Key", "k1");
  request.headers.set("Standin-Key", "s1");
  return request;
}

TEST_F(GatewayLedgerFile, KeepsEverythingOverARestart) {
  Counter counter;
  const auto sale = Counter::gate_request(Counter::sale_fields("UMsaveCard=yes&UMorderid=o1"));
  {
    auto ledger = GatewayLedger::open(file);
    ASSERT_TRUE(ledger.has_value());
    ASSERT_TRUE(ledger->write(writes_of(counter, {sale, stripe_request()})).has_value());
  }
  auto ledger = GatewayLedger::open(file);
  GatewayModel again({.keys = rehearsal_keys()}, *ledger->read(), 1);
  ASSERT_EQ(again.books().payments().size(), 2u);
  const Payment& first = again.books().payments()[0];
  EXPECT_EQ(first.orderid, "o1");
  EXPECT_EQ(first.card.masked, "4000xxxxxxxx2224");
  EXPECT_EQ(first.location, 1u);
  EXPECT_EQ(first.made, counter.now);
  EXPECT_TRUE(first.stands());
  const Payment& second = again.books().payments()[1];
  EXPECT_EQ(second.standin_key, "s1");
  EXPECT_EQ(second.metadata, R"({"a":"b"})");
  auto repeat = again.arrive({0, stripe_request(), counter.now});
  EXPECT_TRUE(counter.model.books().find_card(second.card.fingerprint) == nullptr);
  GatewayStep step;
  while (!step.answer) step = again.next(repeat, counter.now);
  EXPECT_EQ(step.answer->response.headers.find("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.books().payments().size(), 2u);
}

TEST_F(GatewayLedgerFile, ShowsAJudgeEachRowAsItIsNow) {
  Counter counter;
  auto ledger = GatewayLedger::open(file);
  ASSERT_TRUE(ledger->write(writes_of(counter, {Counter::gate_request(Counter::sale_fields())})).has_value());
  EXPECT_TRUE(read_gateway_payments(file)->at(0).stands());
  const auto void_it = Counter::gate_request("UMkey=sandbox&UMcommand=void&UMrefNum=132020001");
  ASSERT_TRUE(ledger->write(writes_of(counter, {void_it})).has_value());
  ASSERT_EQ(read_gateway_payments(file)->size(), 1u);
  EXPECT_EQ(read_gateway_payments(file)->at(0).state, PaymentState::voided);
}

TEST_F(GatewayLedgerFile, HoldsNoCardNumberAndNoSecurityCode) {
  Counter counter;
  auto ledger = GatewayLedger::open(file);
  const auto sale = Counter::gate_request(Counter::sale_fields("UMcvv2=9731&UMsaveCard=1"));
  ASSERT_TRUE(ledger->write(writes_of(counter, {sale, stripe_request()})).has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string bytes(std::filesystem::file_size(entry), '\0');
    FILE* opened = std::fopen(entry.path().c_str(), "rb");
    ASSERT_EQ(std::fread(bytes.data(), 1, bytes.size(), opened), bytes.size());
    std::fclose(opened);
    EXPECT_EQ(bytes.find(counter::good_card), std::string::npos);
    EXPECT_EQ(bytes.find("4242424242424242"), std::string::npos);
    EXPECT_EQ(bytes.find("9731"), std::string::npos);
  }
}

TEST_F(GatewayLedgerFile, SaysWhyItDoesNotOpen) {
  EXPECT_FALSE(GatewayLedger::open(folder / "none" / "ledger.db").has_value());
  EXPECT_FALSE(read_gateway_payments(folder / "none.db").has_value());
}

}  // namespace
}  // namespace standin::rehearsal
