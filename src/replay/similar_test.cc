#include "replay/similar.h"

#include <gtest/gtest.h>

#include "replay/quest_index.h"
#include "replay/replay_test_support.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

const SearchWindow window{noon - 20s, noon + 600s};

/// Ours: 25.00 USD on a card that ends in 2224, with an invoice, a few seconds after noon.
Listed charge(const std::string& upstream_reference = "g1") {
  return {.upstream_reference = upstream_reference,
          .created = noon + 3s,
          .amount = {2500, usd},
          .card = "4000xxxxxxxx2224",
          .invoice = "77",
          .standing = true};
}
Listed ours() {
  Listed wanted = charge("");
  wanted.card = "400010xxxxxx2224";
  return wanted;
}
template <class Change>
Listed but(Change change, const std::string& upstream_reference = "g1") {
  Listed listed = charge(upstream_reference);
  change(listed);
  return listed;
}

Sighting find(const Listed& wanted, const std::vector<Listed>& listed, std::vector<std::string> taken = {}) {
  return find_similar(wanted, listed, window, [taken](const std::string& upstream_reference) {
    return std::find(taken.begin(), taken.end(), upstream_reference) != taken.end();
  });
}
Found::Kind kind(const Listed& wanted, const std::vector<Listed>& listed) { return find(wanted, listed).found.kind; }

TEST(Similar, TheOnlyOneWithOurReferenceIsOurs) {
  const Sighting sighting = find(ours(), {charge()});
  EXPECT_EQ(sighting.found.kind, Found::Kind::one);
  EXPECT_EQ(sighting.found.upstream_reference, "g1");
  EXPECT_TRUE(sighting.found.standing);
  EXPECT_FALSE(sighting.part);
}

TEST(Similar, NothingListedIsNone) { EXPECT_EQ(kind(ours(), {}), Found::Kind::none); }

/// What each of these is taken for, if it is the only one listed. Taking another's charge for ours leaves ours
/// uncharged for ever; not seeing ours charges the card twice.
struct Case {
  std::string name;
  std::function<void(Listed& wanted, Listed& listed)> change;
  Found::Kind kind;
};

class OnlyOneListed : public testing::TestWithParam<Case> {};
TEST_P(OnlyOneListed, IsTakenFor) {
  Listed wanted = ours(), listed = charge();
  GetParam().change(wanted, listed);
  EXPECT_EQ(kind(wanted, {listed}), GetParam().kind);
}

const Case cases[] = {
    {"AnotherAmountWithoutAReference", [](Listed& w, Listed& l) { w.invoice = l.invoice = "", l.amount.minor = 2501; },
     Found::Kind::none},
    {"AnotherCurrency",
     [](Listed& w, Listed& l) { w.invoice = l.invoice = "", l.amount.currency = *Currency::parse("EUR"); },
     Found::Kind::none},
    {"OurReferenceBesideASmallerAmount", [](Listed&, Listed& l) { l.amount.minor = 1250; }, Found::Kind::several},
    {"AnotherCardWithOurReference", [](Listed&, Listed& l) { l.card = "4000xxxxxxxx1112"; }, Found::Kind::none},
    {"TheSameLastFourOfAnotherBank", [](Listed&, Listed& l) { l.card = "5000xxxxxxxx2224"; }, Found::Kind::none},
    {"AShorterMask", [](Listed&, Listed& l) { l.card = "xxxx2224"; }, Found::Kind::one},
    {"AMaskOfStars", [](Listed&, Listed& l) { l.card = "************2224"; }, Found::Kind::one},
    {"NoCardShownButOurReference", [](Listed&, Listed& l) { l.card = ""; }, Found::Kind::one},
    {"NoCardShownAndNoReference", [](Listed& w, Listed& l) { l.card = "", w.invoice = l.invoice = ""; },
     Found::Kind::several},
    {"LessThanFourDigitsInCommon",
     [](Listed& w, Listed& l) { l.card = "xxxxxxxxxxxxx224", w.invoice = l.invoice = ""; }, Found::Kind::several},
    {"SomebodyElsesInvoice", [](Listed&, Listed& l) { l.invoice = "78"; }, Found::Kind::none},
    {"OurInvoiceAndSomebodyElsesReference",
     [](Listed& w, Listed& l) { w.reference = "cart-1", l.reference = "cart-2"; }, Found::Kind::none},
    {"OurInvoiceAndAReferenceThatThePartyGave", [](Listed&, Listed& l) { l.reference = "auto-1"; }, Found::Kind::one},
    {"AnInvoiceWhereWeGaveNone", [](Listed& w, Listed&) { w.invoice = ""; }, Found::Kind::several},
    {"NoReferenceThoughWeGaveOne", [](Listed&, Listed& l) { l.invoice = ""; }, Found::Kind::one},
    {"NoReferencesAtAll", [](Listed& w, Listed& l) { w.invoice = l.invoice = ""; }, Found::Kind::one},
    {"BeforeWeSent", [](Listed&, Listed& l) { l.created = noon - 21s; }, Found::Kind::none},
    {"AtTheWindowsFirstMoment", [](Listed&, Listed& l) { l.created = noon - 20s; }, Found::Kind::one},
    {"AtTheWindowsLastMoment", [](Listed&, Listed& l) { l.created = noon + 600s; }, Found::Kind::one},
    {"AfterItCouldHaveHappened", [](Listed&, Listed& l) { l.created = noon + 601s; }, Found::Kind::none},
    {"OurKeyAtAnyTimeAndAmount",
     [](Listed& w, Listed& l) {
       w.own_key = l.own_key = "k1";
       l.created = noon + 24h;
       l.amount.minor = 1250;
     },
     Found::Kind::one},
    {"TheKeyOfAnotherOrderOfOurs", [](Listed& w, Listed& l) { w.own_key = "k1", l.own_key = "k2"; }, Found::Kind::none},
    {"NoKeyThoughOursHasOne", [](Listed& w, Listed&) { w.own_key = "k1"; }, Found::Kind::one},
    {"AFallenOneThatOnlyLooksLikeIt",
     [](Listed& w, Listed& l) {
       w.invoice = l.invoice = "";
       l.standing = false;
     },
     Found::Kind::none},
};
INSTANTIATE_TEST_SUITE_P(Similar, OnlyOneListed, testing::ValuesIn(cases),
                         [](const auto& each) { return each.param.name; });

TEST(Similar, TwoThatStandAreAPersonsCase) {
  EXPECT_EQ(kind(ours(), {charge("g1"), charge("g2")}), Found::Kind::several);
}

TEST(Similar, OurReferenceGoesBeforeOneWithout) {
  const auto nameless = but([](Listed& l) { l.invoice = ""; }, "g2");
  EXPECT_EQ(find(ours(), {nameless, charge("g1")}).found.upstream_reference, "g1");
}

TEST(Similar, OurKeyGoesBeforeOurReference) {
  Listed wanted = ours();
  wanted.own_key = "k1";
  const auto keyed = but([](Listed& l) { l.own_key = "k1"; }, "g2");
  const Sighting sighting = find(wanted, {charge("g1"), keyed});
  EXPECT_EQ(sighting.found.upstream_reference, "g2");
  EXPECT_FALSE(sighting.certain) << "it may be of an earlier try";
}

TEST(Similar, ADoubtfulOneBesideALikelyOneIsAPersonsCase) {
  const auto nameless = but([](Listed& l) { l.invoice = ""; }, "g1");
  const auto part = but([](Listed& l) { l.amount.minor = 1250; }, "g2");
  EXPECT_EQ(kind(ours(), {nameless, part}), Found::Kind::several);
}

TEST(Similar, AChargeOfAnotherOrderOfOursIsNeverTaken) {
  EXPECT_EQ(find(ours(), {charge("g1")}, {"g1"}).found.kind, Found::Kind::none);
  EXPECT_EQ(find(ours(), {charge("g1"), charge("g2")}, {"g1"}).found.upstream_reference, "g2");
}

TEST(Similar, OneThatStandsGoesBeforeOneThatFell) {
  const auto fallen = but([](Listed& l) { l.standing = false; }, "g1");
  const Sighting sighting = find(ours(), {fallen, charge("g2")});
  EXPECT_EQ(sighting.found.upstream_reference, "g2");
  EXPECT_TRUE(sighting.found.standing);
}

TEST(Similar, OursThatWasVoidedIsFoundAsFallen) {
  const Sighting sighting = find(ours(), {but([](Listed& l) { l.standing = false; })});
  EXPECT_EQ(sighting.found.kind, Found::Kind::one);
  EXPECT_FALSE(sighting.found.standing);
  EXPECT_FALSE(sighting.certain) << "another try with the same reference may be on its way";
}

TEST(Similar, OursByKeyThatStandsForLessTellsHowMuch) {
  Listed wanted = ours();
  wanted.own_key = "k1";
  const auto part = but([](Listed& l) { l.own_key = "k1", l.amount.minor = 1250; });
  EXPECT_EQ(find(wanted, {part}).part, (Money{1250, usd}));
}

TEST(QuestIndex, MissesNothingThatIsLikeAQuest) {
  std::vector<Listed> all;
  for (const char* const key : {"", "k1", "k2"}) {
    for (const char* const reference : {"", "r1", "r2"}) {
      for (const char* const invoice : {"", "1", "2"}) {
        for (const int minor : {2500, 1250}) {
          Listed each = charge(std::to_string(all.size()));
          each.own_key = key, each.reference = reference, each.invoice = invoice, each.amount.minor = minor;
          all.push_back(each);
        }
      }
    }
  }
  QuestIndex index;
  for (std::size_t i = 0; i < all.size(); ++i) index.add(all[i], i);
  for (const Listed& listed : all) {
    const auto candidates = index.candidates(listed);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (likeness(all[i], listed, window) == Likeness::none) continue;
      EXPECT_TRUE(std::ranges::binary_search(candidates, i)) << i << " of " << listed.upstream_reference;
    }
  }
}

TEST(QuestIndex, ComparesOnlyWhatMayBeIt) {
  QuestIndex index;
  for (std::size_t i = 0; i < 1000; ++i) {
    Listed wanted = ours();
    wanted.invoice = std::to_string(i);
    index.add(wanted, i);
  }
  EXPECT_EQ(index.candidates(charge()), std::vector<std::size_t>{77});
}

}  // namespace
}  // namespace standin
