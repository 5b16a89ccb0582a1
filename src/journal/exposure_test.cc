#include "journal/exposure.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

const Currency usd = *Currency::parse("USD");

Ulid ulid(std::uint8_t number) {
  Ulid id;
  id.bytes[15] = number;
  return id;
}

Owed owed(State state, std::int64_t settled_minor = 0) {
  return {.state = state, .amount = Money{100, usd}, .settled_minor = settled_minor};
}

TEST(Exposure, IsOwedWhileThePromiseStands) {
  EXPECT_EQ(exposed_minor(owed(State::accepted)), 100);
  EXPECT_EQ(exposed_minor(owed(State::refused)), 100);
  EXPECT_EQ(exposed_minor(owed(State::held, 30)), 70);
  EXPECT_EQ(exposed_minor(owed(State::settled, 100)), 0);
  EXPECT_EQ(exposed_minor(owed(State::declined)), 0);
}

TEST(Exposure, OfAPartialSettlementIsTheRestUntilItsCaseIsClosed) {
  Owed part = owed(State::settled, 60);
  EXPECT_EQ(exposed_minor(part), 40);
  part.state = State::matched;
  EXPECT_EQ(exposed_minor(part), 40);
  part.rest_closed = true;
  EXPECT_EQ(exposed_minor(part), 0);
}

TEST(Exposure, OfARestThatAPersonClosedStaysNothingWhileTheChargeIsVoided) {
  Owed part = owed(State::cancelling, 60);
  EXPECT_EQ(exposed_minor(part), 40);
  part.rest_closed = true;
  EXPECT_EQ(exposed_minor(part), 0);
  EXPECT_TRUE(is_rest_closed(State::cancelling, 0));
  EXPECT_TRUE(is_rest_closed(State::settled, 0));
  EXPECT_FALSE(is_rest_closed(State::cancelling, 40));
  EXPECT_FALSE(is_rest_closed(State::held, 0));
}

TEST(Exposure, IsNeverLessThanNothing) { EXPECT_EQ(exposed_minor(owed(State::held, 130)), 0); }

TEST(Exposure, OfWhatWasNotPromisedIsNothing) {
  Owed unpromised = owed(State::accepted);
  unpromised.promised = false;
  EXPECT_EQ(exposed_minor(unpromised), 0);
}

TEST(Exposure, IsTheSumOverOrders) {
  Exposure exposure;
  exposure.set(ulid(1), usd, 100);
  exposure.set(ulid(2), usd, 50);
  exposure.set(ulid(1), usd, 30);
  EXPECT_EQ(exposure.total(usd), 80);
  exposure.set(ulid(1), usd, 0);
  EXPECT_EQ(exposure.total(usd), 50);
}

TEST(Exposure, RollsBackWhatWasNotCommittedInItsOrder) {
  Exposure exposure;
  exposure.set(ulid(1), usd, 100);
  exposure.commit();
  exposure.set(ulid(1), usd, 40);
  exposure.set(ulid(1), usd, 0);
  exposure.set(ulid(2), usd, 500);
  exposure.roll_back();
  EXPECT_EQ(exposure.total(usd), 100);
  exposure.set(ulid(1), usd, 0);
  EXPECT_EQ(exposure.total(usd), 0);
}

TEST(Exposure, PeaksCountWhatWasCommitted) {
  Exposure exposure;
  exposure.set(ulid(1), usd, 100);
  exposure.commit();
  exposure.set(ulid(2), usd, 500);
  exposure.roll_back();
  exposure.set(ulid(1), usd, 0);
  exposure.commit();
  EXPECT_EQ(exposure.peaks().front().minor, 100);
  EXPECT_EQ(exposure.totals().front().minor, 0);
}

TEST(Exposure, KeepsCurrenciesApart) {
  Exposure exposure;
  exposure.set(ulid(1), usd, 100);
  exposure.set(ulid(2), *Currency::parse("EUR"), 7);
  EXPECT_EQ(exposure.total(usd), 100);
  EXPECT_EQ(exposure.total(*Currency::parse("EUR")), 7);
  EXPECT_EQ(exposure.total(*Currency::parse("JPY")), 0);
}

}  // namespace
}  // namespace standin
