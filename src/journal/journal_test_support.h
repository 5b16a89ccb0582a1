#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "contract/journal_contract.h"
#include "journal/sqlite_journal.h"
#include "vault/test_keys.h"

namespace standin {

/// A journal in a file of the test's own, and what is asked of it.
class JournalOfATest : public testing::Test {
 protected:
  NewOrder an_order() {
    NewOrder order;
    order.id = ulids_.make(clock_.wall());
    order.key.digest.bytes[0] = ++keys_;
    order.facts.amount = Money{100, *Currency::parse("USD")};
    order.created = order.due = clock_.wall();
    return order;
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    spawn(loop_.get_executor(), put(std::move(task), result));
    loop_.restart();
    loop_.run();
    return std::move(*result);
  }

  TestFolder folder_;
  const std::string path_ = folder_.file("journal.db");
  contract::StillClock clock_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<SqliteJournal> journal_;

 private:
  template <class T>
  static Task<> put(Task<T> task, std::optional<T>& result) {
    T value = co_await std::move(task);
    result.emplace(std::move(value));
  }

  UlidMaker ulids_{system_random()};
  std::uint8_t keys_ = 0;
};

}  // namespace standin
