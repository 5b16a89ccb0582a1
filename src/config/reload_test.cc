#include "config/reload.h"

#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const OpenOrders three_open{.route = "orders", .upstream = "shop", .stand_in = "order", .count = 3};

std::vector<std::string> orphaned(const std::string& text, const OpenOrders& open = three_open) {
  return orphaned_by(parsed(text), std::vector{open});
}

TEST(Reload, KeepsOrdersWhoseNamesAreStillThere) { EXPECT_THAT(orphaned(Sample().text()), IsEmpty()); }

TEST(Reload, ARenamedRouteOrphansItsOrders) {
  EXPECT_THAT(orphaned(with(Sample().text(), "name = \"orders\"", "name = \"purchases\"")),
              ElementsAre("3 open orders of route 'orders' would be orphaned: route 'orders' is gone or renamed"));
}

TEST(Reload, ARouteThatGoesElsewhereOrphansItsOrders) {
  Sample sample;
  sample.route = with(sample.route, "upstream = \"shop\"", "upstream = \"other\"");
  const std::string other = with(sample.upstream, "upstream.shop", "upstream.other");
  const std::string both = sample.text() + other;
  EXPECT_THAT(orphaned(both),
              ElementsAre("3 open orders of route 'orders' would be orphaned: route 'orders' now goes to "
                          "upstream 'other', not 'shop'"));
}

TEST(Reload, AnOrderMayBeAtAnyPartyOfItsRoute) {
  const std::string folder = fresh_folder("reload");
  write_secret(folder + "/keys", "sk_test_1\n");
  GatewaySample sample;
  sample.route = with(sample.route, "upstream = \"cardgate\"", "upstream = [\"cardgate\", \"backupgate\"]");
  const std::string both = sample.text_of_both(folder + "/keys");
  const OpenOrders carried_over{.route = "till", .upstream = "backupgate", .stand_in = "till", .count = 1};
  EXPECT_THAT(orphaned(both, carried_over), IsEmpty());
  const OpenOrders first{.route = "till", .upstream = "cardgate", .stand_in = "till", .count = 1};
  EXPECT_THAT(orphaned(both, first), IsEmpty());
  OpenOrders elsewhere = carried_over;
  elsewhere.route = "payments";
  elsewhere.stand_in = "payments";
  elsewhere.upstream = "cardgate";
  EXPECT_THAT(orphaned(both, elsewhere), ElementsAre("1 open order of route 'payments' would be orphaned: route "
                                                     "'payments' now goes to upstream 'backupgate', not 'cardgate'"));
}

TEST(Reload, APartyTakenOffARouteOrphansItsOrders) {
  const OpenOrders carried_over{.route = "till", .upstream = "backupgate", .stand_in = "till", .count = 2};
  EXPECT_THAT(orphaned(GatewaySample().text(), carried_over),
              ElementsAre("2 open orders of route 'till' would be orphaned: upstream 'backupgate' is gone"));
}

TEST(Reload, AVanishedUpstreamOrphansItsOrders) {
  Sample sample;
  sample.route = with(sample.route, "upstream = \"shop\"", "upstream = \"other\"");
  sample.upstream = with(sample.upstream, "upstream.shop", "upstream.other");
  EXPECT_THAT(orphaned(sample.text()),
              ElementsAre("3 open orders of route 'orders' would be orphaned: upstream 'shop' is gone"));
}

TEST(Reload, ARenamedStandInOrphansItsOrders) {
  Sample sample;
  sample.route = with(sample.route, "stand_in = \"order\"", "stand_in = \"sale\"");
  sample.stand_in = with(sample.stand_in, "stand_in.order", "stand_in.sale");
  EXPECT_THAT(orphaned(sample.text()),
              ElementsAre("3 open orders of route 'orders' would be orphaned: stand_in 'order' is gone"));
}

TEST(Reload, ARouteThatIsNoLongerProtectedOrphansItsOrders) {
  Sample sample;
  sample.route = "[[route]]\nname = \"orders\"\nmatch = \"POST /orders\"\nupstream = \"shop\"\n";
  EXPECT_THAT(orphaned(sample.text()),
              ElementsAre("3 open orders of route 'orders' would be orphaned: route 'orders' no longer has stand_in "
                          "'order'"));
}

TEST(Reload, AGroupWithoutOpenOrdersHoldsNothingBack) {
  OpenOrders none = three_open;
  none.count = 0;
  none.route = "gone";
  EXPECT_THAT(orphaned(Sample().text(), none), IsEmpty());
}

TEST(Reload, NamesEachGroup) {
  const OpenOrders one{.route = "old", .upstream = "shop", .stand_in = "order", .count = 1};
  const OpenOrders two{.route = "older", .upstream = "shop", .stand_in = "order", .count = 2};
  EXPECT_EQ(orphaned_by(parsed(Sample().text()), std::vector{one, three_open, two}).size(), 2u);
}

}  // namespace
}  // namespace standin
