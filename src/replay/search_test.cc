#include "replay/search.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "replay/replay_test_support.h"
#include "sim/scripted_transport.h"
#include "sim/world.h"

namespace standin {
namespace {

constexpr std::size_t page_size = 10;

struct Scene {
  Scene() {
    config.finder = FinderConfig{};
    transport.behave = [this](const Endpoint&, const Request& request) { return party_answers(request); };
  }

  std::shared_ptr<ListingSearch> search() {
    if (!searching) searching = std::make_shared<ListingSearch>(world.clock(), world.random(), world.executor());
    const auto party =
        std::make_shared<Party>(config, world.clock(), world.random(), transport, states, world.executor());
    searching->use(party, std::make_shared<LineQueries>());
    return searching;
  }

  /// The party's clock is ahead of ours by `ahead`.
  WallTime party_time() { return world.clock().wall() + std::chrono::ceil<std::chrono::milliseconds>(ahead); }
  void charged(const std::string& invoice) { ledger.push_back({"g" + invoice, party_time(), invoice}); }

  Behaviour party_answers(const Request& request) {
    if (status != 200) return answers(status);
    const std::size_t offset = std::stoul(request.target.substr(request.target.rfind('=') + 1));
    Response page{.status = 200};
    for (std::size_t i = offset; i < std::min(ledger.size(), offset + page_size); ++i) {
      const auto& [reference, created, invoice] = ledger[ledger.size() - 1 - i];
      page.body += fmt::format("{} {} {} stands\n", reference, unix_ms(created), invoice);
    }
    if (offset + page_size < ledger.size()) page.body += fmt::format("next {}\n", offset + page_size);
    page.headers.add("Date", http_date(party_time()));
    if (after_page) after_page();
    return {.answers_after = 10ms, .answer = std::move(page)};
  }

  std::shared_ptr<OneShot<Sought>> look(const std::string& invoice, WallTime from, WallTime to,
                                        const std::string& account = "a") {
    auto end = std::make_shared<OneShot<Sought>>();
    Quest quest{SecretText(account), {.amount = {2500, usd}, .card = "xxxx2224", .invoice = invoice}, {{from, to}}};
    spawn(world.executor(), ask(search(), std::move(quest), end));
    return end;
  }
  std::shared_ptr<OneShot<Sought>> look(const std::string& invoice, const std::string& account = "a") {
    const WallTime now = world.clock().wall();
    return look(invoice, now - 60s, now + 60s, account);
  }
  static Task<> ask(std::shared_ptr<ListingSearch> search, Quest quest, std::shared_ptr<OneShot<Sought>> end) {
    Sought sought = co_await search->look(std::move(quest));
    end->set(std::move(sought));
  }
  std::size_t pages() const { return transport.arrived.size(); }

  struct Charged {
    std::string reference;
    WallTime created;
    std::string invoice;
  };
  World world;
  ScriptedTransport transport{world.clock()};
  TargetStates states;
  UpstreamConfig config{.name = "gate", .targets = {"http://gate:1"}};
  std::vector<Charged> ledger;
  int status = 200;
  Duration ahead{};
  std::function<void()> after_page;
  std::shared_ptr<ListingSearch> searching;
};

TEST(ListingSearch, OnePassServesEveryOrderThatWaits) {
  Scene scene;
  std::vector<std::shared_ptr<OneShot<Sought>>> ends;
  for (int i = 0; i < 25; ++i) {
    scene.charged(std::to_string(i));
    ends.push_back(scene.look(std::to_string(i)));
  }
  scene.world.run_for(10s);
  EXPECT_EQ(scene.pages(), 3u);
  for (int i = 0; i < 25; ++i) {
    const auto sought = ends[i]->peek();
    ASSERT_TRUE(sought && sought->read);
    ASSERT_EQ(sought->similar.size(), 1u);
    EXPECT_EQ(sought->similar.front().upstream_reference, "g" + std::to_string(i));
  }
}

TEST(ListingSearch, WhoComesWhileAPassRunsWaitsForTheNext) {
  Scene scene;
  scene.charged("1");
  std::shared_ptr<OneShot<Sought>> second;
  WallTime second_came{};
  scene.after_page = [&] {
    if (second) return;
    second_came = scene.world.clock().wall();
    second = scene.look("1");
  };
  const auto first = scene.look("1");
  scene.world.run_for(10s);
  EXPECT_EQ(scene.pages(), 2u);
  ASSERT_TRUE(second && second->peek());
  EXPECT_GE(second->peek()->since, second_came) << "a page read before it came proves nothing";
}

TEST(ListingSearch, EachAccountHasItsOwnListing) {
  Scene scene;
  scene.look("1", "a");
  scene.look("1", "b");
  scene.world.run_for(10s);
  EXPECT_EQ(scene.pages(), 2u);
}

TEST(ListingSearch, ReadsNoFurtherBackThanTheEarliestWindow) {
  Scene scene;
  for (int i = 0; i < 100; ++i) {
    scene.charged(std::to_string(i));
    scene.world.run_for(10s);
  }
  const WallTime now = scene.world.clock().wall();
  const auto end = scene.look("95", now - 60s, now);
  scene.world.run_for(10s);
  EXPECT_TRUE(end->peek()->read);
  EXPECT_EQ(end->peek()->similar.size(), 1u);
  EXPECT_EQ(scene.pages(), 1u);
}

TEST(ListingSearch, AChargeThatTwoPagesShowIsOne) {
  Scene scene;
  for (int i = 0; i < 10; ++i) scene.charged(std::to_string(i));
  scene.charged("10");
  scene.after_page = [&] {
    if (scene.pages() == 0) scene.charged("new");
  };
  const auto end = scene.look("1");
  scene.world.run_for(10s);
  ASSERT_TRUE(end->peek()->read);
  EXPECT_EQ(end->peek()->similar.size(), 1u);
}

TEST(ListingSearch, WidensTheWindowByTheDifferenceOfTheClocks) {
  Scene scene;
  scene.ahead = 300s;
  scene.charged("1");
  const WallTime now = scene.world.clock().wall();
  const auto end = scene.look("1", now - 20s, now + 20s);
  scene.world.run_for(10s);
  ASSERT_TRUE(end->peek() && end->peek()->read);
  EXPECT_EQ(end->peek()->similar.size(), 1u) << "dated five minutes after its window by the party's clock";
  EXPECT_TRUE(end->peek()->window.holds(now + 300s));
}

TEST(ListingSearch, ABehindClockIsReadFurtherBack) {
  Scene scene;
  scene.ahead = -300s;
  scene.charged("1");
  for (int i = 2; i < 40; ++i) scene.charged(std::to_string(i));
  const WallTime now = scene.world.clock().wall();
  const auto end = scene.look("1", now - 20s, now + 20s);
  scene.world.run_for(10s);
  ASSERT_TRUE(end->peek() && end->peek()->read);
  EXPECT_EQ(end->peek()->similar.size(), 1u) << "the first page alone looks older than the window";
}

TEST(ListingSearch, NeverExceedsThePartysLimit) {
  Scene scene;
  scene.config.finder->searches = {{.count = 45, .per = 1min}};
  for (int i = 0; i < 2000; ++i) scene.charged(std::to_string(i));
  const auto end = scene.look("0");
  scene.world.run_for(20min);
  ASSERT_TRUE(end->peek() && end->peek()->read);
  const auto& arrived = scene.transport.arrived;
  for (std::size_t i = 45; i < arrived.size(); ++i) EXPECT_GE(arrived[i].at - arrived[i - 45].at, 1min);
}

TEST(ListingSearch, AReloadDoesNotRenewTheBudget) {
  Scene scene;
  scene.config.finder->searches = {{.count = 2, .per = 1h}};
  for (int i = 0; i < 5; ++i) {
    scene.look("1");
    scene.world.run_for(1min);
    scene.search();
  }
  EXPECT_EQ(scene.pages(), 1u);
}

TEST(ListingSearch, ASpentLimitFailsThePassAndIsNoTry) {
  Scene scene;
  scene.config.finder->searches = {{.count = 45, .per = 1min}};
  scene.status = 429;
  const auto end = scene.look("1");
  scene.world.run_for(5s);
  ASSERT_TRUE(end->peek());
  EXPECT_FALSE(end->peek()->read);
  EXPECT_FALSE(end->peek()->asked);
}

TEST(ListingSearch, AnAnswerWithoutAListingIsATryThatFoundNothingOut) {
  Scene scene;
  scene.status = 500;
  const auto end = scene.look("1");
  scene.world.run_for(5s);
  ASSERT_TRUE(end->peek());
  EXPECT_FALSE(end->peek()->read);
  EXPECT_TRUE(end->peek()->asked);
}

TEST(ListingSearch, APageThatFailsInTheMiddleMakesNothingKnown) {
  Scene scene;
  for (int i = 0; i < 25; ++i) scene.charged(std::to_string(i));
  scene.after_page = [&] { scene.status = 500; };
  const auto end = scene.look("24");
  scene.world.run_for(5s);
  ASSERT_TRUE(end->peek());
  EXPECT_FALSE(end->peek()->read) << "what the second page would show may match as well";
}

TEST(ListingSearch, APartyThatIsDownCostsNoTry) {
  Scene scene;
  scene.transport.behave = [](const Endpoint&, const Request&) { return refuses(); };
  const auto end = scene.look("1");
  scene.world.run_for(5s);
  ASSERT_TRUE(end->peek());
  EXPECT_FALSE(end->peek()->read);
  EXPECT_FALSE(end->peek()->asked);
}

TEST(ListingSearch, StopsSoonWhileItWaitsForItsBudget) {
  Scene scene;
  scene.config.finder->searches = {{.count = 1, .per = 24h}};
  scene.look("1");
  scene.world.run_for(5s);
  const auto second = scene.look("1");
  scene.world.run_for(5s);
  EXPECT_FALSE(second->peek());
  scene.searching->stop();
  scene.world.run_for(5s);
  ASSERT_TRUE(second->peek());
  EXPECT_FALSE(second->peek()->asked);
}

}  // namespace
}  // namespace standin
