// Everything that `standin serve` runs, in one process with the shop and its shoppers: for the thread sanitizer.
#include "app/process.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value_to.hpp>
#include <fstream>

#include "app/operator_client.h"
#include "base/text.h"
#include "rehearsal/judge.h"
#include "rehearsal/running_shop.h"
#include "rehearsal/shop_control.h"
#include "rehearsal/shoppers.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view configuration = R"(
[server]
listen = ["127.0.0.1:0"]
threads = 4
[console]
listen = "127.0.0.1:0"
[journal]
url = "sqlite:journal.db"
key_file = "keys"
[log]
access = ""
[upstream.shop]
targets = ["{shop}"]
duplicates = {{ kind = "keyed", window = "forever" }}
finder = {{ request = "GET /orders?key={{{{order_key}}}}", state = "/status", not_standing = ["cancelled"], max_processing = "1s" }}
reversal = {{ request = "POST /orders/{{{{upstream_reference}}}}/cancel" }}
health = {{ path = "/ping", every = "200ms", timeout = "100ms" }}
timeouts = {{ response = "500ms", listen_late = "2s" }}
breaker = {{ open_for = "300ms" }}
[[route]]
name = "orders"
match = "POST /orders"
upstream = "shop"
stand_in = "order"
key = "Idempotency-Key"
deadline = "1s"
[stand_in.order]
facts = {{ amount = "/order/total_cents", currency = "/order/currency", customer = "/order/customer_id" }}
amount_unit = "minor"
approve = {{ status = 201, body = '{{"order":{{"id":"{{{{reference}}}}","status":"accepted"}}}}' }}
decline = {{ status = 422, body = '{{"error":{{"message":"Card failed"}}}}' }}
unavailable = {{ status = 503, body = '{{"error":{{"message":"Please try again"}}}}' }}
expect = {{ status = [201], content_type = "application/json", pointer = "/order/id" }}
have_it = {{ status = [409], pointer = "/existing_order/id" }}
policy = "default"
replay = {{ start = "when-healthy", rate = 500, concurrency = 8 }}
[policy.default]
floor_limit = {{ USD = "25.00" }}
exposure = {{ total = "100000.00 USD" }}
)";

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() : folder_(std::filesystem::temp_directory_path() / fmt::format("standin-process-{}", getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(Vault::create_keys((folder_ / "keys").string()));
  }
  ~ProcessTest() override {
    if (!HasFailure()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Process> serve(const std::string& shop) {
    const std::string file = (folder_ / "standin.toml").string();
    std::ofstream(file) << fmt::format(fmt::runtime(configuration), fmt::arg("shop", shop));
    auto config = load_config(file);
    EXPECT_TRUE(config) << (config ? "" : config.error().what);
    auto process = Process::start(std::move(*config));
    EXPECT_TRUE(process) << (process ? "" : process.error().what);
    return std::move(*process);
  }

  std::filesystem::path folder_;
};

/// "edge 127.0.0.1:4711, console ..." → "127.0.0.1:4711"
std::string edge_of(const Process& process) {
  const std::string all = process.addresses();
  return std::string(split(split(all, ',')[0], ' ')[1]);
}

/// How many orders are in that state, as the operators' API tells it.
std::int64_t orders_in(OperatorClient& client, std::string_view state) {
  const auto health = client.get("health");
  if (!health) return -1;
  const auto* count = health->at("orders").as_object().if_contains(state);
  return count == nullptr ? 0 : count->to_number<std::int64_t>();
}

bool nothing_waits(OperatorClient& client) {
  for (const std::string_view state : {"accepted", "replaying", "held", "reversing", "cancelling"}) {
    if (orders_in(client, state) != 0) return false;
  }
  return true;
}

TEST_F(ProcessTest, AnOutageUnderLoadOverFourThreadsLosesAndDoublesNothing) {
  using rehearsal::playground::comes_true;
  rehearsal::playground::RunningShop shop;
  auto process = serve(shop.url());
  auto shoppers = rehearsal::Shoppers::make({.url = "http://" + edge_of(*process) + "/orders",
                                             .arrivals = {.rate = 60},
                                             .mix = {.retry = 0.2},
                                             .timeout = 20s});
  ASSERT_TRUE(shoppers) << shoppers.error().what;
  OperatorClient client((folder_ / "standin.sock").string());
  const auto arrived = [&](std::uint64_t count) {
    return [&, count] { return shoppers->stats().summary().total.counts.arrivals >= count; };
  };
  shoppers->start();
  ASSERT_TRUE(comes_true(arrived(60)));
  ASSERT_TRUE(rehearsal::set_faults_at(shop.url(),
                                       {.answer = rehearsal::Misbehaviour::status, .at = rehearsal::Moment::after}));
  ASSERT_TRUE(comes_true(arrived(120)));
  ASSERT_TRUE(rehearsal::set_faults_at(shop.url(), {.answer = rehearsal::Misbehaviour::hang}));
  ASSERT_TRUE(process->reload());
  ASSERT_TRUE(comes_true(arrived(180)));
  ASSERT_TRUE(rehearsal::set_faults_at(shop.url(), {}));
  ASSERT_TRUE(comes_true(arrived(240)));
  shoppers->stop();
  EXPECT_TRUE(comes_true([&] { return nothing_waits(client); }));
  process->drain();
  process.reset();

  const auto attempts = shoppers->stats().attempts();
  const auto verdict = rehearsal::judge(attempts, rehearsal::playground::RunningShop::books());
  EXPECT_THAT(verdict.yes_not_served, testing::IsEmpty());
  EXPECT_THAT(verdict.served_twice, testing::IsEmpty());
  EXPECT_THAT(verdict.no_but_served, testing::IsEmpty());
  EXPECT_THAT(verdict.told_both, testing::IsEmpty());
  EXPECT_GT(verdict.told_yes, 0u);
  EXPECT_EQ(shoppers->stats().summary().total.counts.errors(), 0u);
}

}  // namespace
}  // namespace standin
