#include "rehearsal/ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "rehearsal/shop_playground.h"

namespace standin::rehearsal {
namespace {

using playground::order_of;
using playground::Play;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("standin-ledger-") + test->name() + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    path_ = folder_ / "ledger.db";
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  Ledger open(bool unique_index = true) {
    auto ledger = Ledger::open(path_, unique_index);
    EXPECT_TRUE(ledger.has_value()) << ledger.error().what;
    return std::move(*ledger);
  }
  static std::vector<Write> placed(const std::string& key, int n) {
    const ShopModel model;
    const Placement placement = Play::placement(order_of(key, 1999), n);
    std::vector<Write> writes = model.begin(placement).writes;
    Charge charge{.id = placement.charge_id, .order_id = placement.order_id, .standin_key = key, .cart_id = "cart-1"};
    charge.amount = placement.order.total;
    writes.push_back(InsertCharge{charge});
    writes.push_back(AcceptOrder{placement.order_id});
    return writes;
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(LedgerTest, GivesBackWhatWasWritten) {
  {
    Ledger ledger = open();
    ASSERT_TRUE(ledger.write(placed("k1", 1)));
  }
  const auto books = read_ledger(path_);
  ASSERT_TRUE(books.has_value());
  ASSERT_EQ(books->orders.size(), 1u);
  EXPECT_EQ(books->orders[0].id, "order-1");
  EXPECT_EQ(books->orders[0].asked.standin_key, "k1");
  EXPECT_EQ(books->orders[0].asked.cart_id, "cart-1");
  EXPECT_EQ(text(books->orders[0].asked.total), "19.99 USD");
  EXPECT_EQ(books->orders[0].state, OrderState::accepted);
  EXPECT_EQ(unix_ms(books->orders[0].created), 1'001);
  ASSERT_EQ(books->charges.size(), 1u);
  EXPECT_EQ(books->charges[0].order_id, "order-1");
  EXPECT_FALSE(books->charges[0].voided);
}

TEST_F(LedgerTest, IsReadByAJudgeWhileTheShopHasItOpen) {
  Ledger ledger = open();
  ASSERT_TRUE(ledger.write(placed("k1", 1)));
  EXPECT_EQ(read_ledger(path_)->orders.size(), 1u);
  ASSERT_TRUE(ledger.write(placed("k2", 2)));
  EXPECT_EQ(read_ledger(path_)->orders.size(), 2u);
}

TEST_F(LedgerTest, RefusesASecondOrderOfAKeyAndNothingOfThatStepStays) {
  Ledger ledger = open();
  ASSERT_TRUE(ledger.write(placed("k1", 1)));
  EXPECT_FALSE(ledger.write(placed("k1", 2)).has_value());
  const auto books = ledger.read();
  EXPECT_EQ(books->orders.size(), 1u);
  EXPECT_EQ(books->charges.size(), 1u);
  EXPECT_TRUE(ledger.write(placed("k2", 3)).has_value());
}

TEST_F(LedgerTest, WithoutAUniqueIndexTakesAKeyTwiceAndThenCannotHaveTheIndex) {
  Ledger ledger = open(false);
  ASSERT_TRUE(ledger.write(placed("k1", 1)));
  EXPECT_TRUE(ledger.write(placed("k1", 2)).has_value());
  EXPECT_FALSE(ledger.set_unique_index(true).has_value());
}

TEST_F(LedgerTest, TakesAnyNumberOfOrdersWithoutAKey) {
  Ledger ledger = open();
  EXPECT_TRUE(ledger.write(placed("", 1)).has_value());
  EXPECT_TRUE(ledger.write(placed("", 2)).has_value());
}

TEST_F(LedgerTest, ACancelledOrdersChargeIsVoided) {
  Ledger ledger = open();
  ASSERT_TRUE(ledger.write(placed("k1", 1)));
  ASSERT_TRUE(ledger.write(placed("k2", 2)));
  ASSERT_TRUE(ledger.write(std::vector<Write>{CancelOrder{"order-1"}}));
  const auto books = ledger.read();
  EXPECT_EQ(books->orders[0].state, OrderState::cancelled);
  EXPECT_TRUE(books->charges[0].voided);
  EXPECT_EQ(books->orders[1].state, OrderState::accepted);
  EXPECT_FALSE(books->charges[1].voided);
}

TEST_F(LedgerTest, AFileThatIsNoLedgerIsAnError) {
  std::ofstream(path_) << "these are not the pages you are looking for, however long you read them";
  EXPECT_FALSE(Ledger::open(path_).has_value());
  EXPECT_FALSE(read_ledger(path_).has_value());
  EXPECT_FALSE(read_ledger(folder_ / "missing.db").has_value());
}

}  // namespace
}  // namespace standin::rehearsal
