#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "net/asio_clock.h"
#include "net/client.h"
#include "rehearsal/ledger.h"
#include "rehearsal/shop.h"

/// For tests: a real shop on loopback, on a thread of its own, with its ledger in a folder of the test's own.
namespace standin::rehearsal::playground {

using namespace std::chrono_literals;

/// Of the test's process: a death test's child shares its parent's folder.
inline const pid_t process = getpid();

class RunningShop {
 public:
  explicit RunningShop(const Faults& faults = {}, bool keep_folder = false) : keep_folder_(keep_folder) {
    std::filesystem::create_directories(folder());
    auto shop = Shop::open(io_.get_executor(), {.ledger = ledger(), .faults = faults});
    EXPECT_TRUE(shop.has_value()) << shop.error().what;
    shop_ = std::make_unique<Shop>(std::move(*shop));
    port_ = shop_->port();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RunningShop() {
    close();
    if (!keep_folder_) std::filesystem::remove_all(folder());
  }

  /// Cuts every connection, and waits until the last has noticed.
  void close() {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] { shop_.reset(); });
    thread_.join();
  }
  void stop(Duration within) {
    std::promise<void> stopped;
    boost::asio::post(io_, [&] { spawn(io_.get_executor(), stop_and_tell(*shop_, within, stopped)); });
    stopped.get_future().wait();
  }

  static std::filesystem::path folder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name =
        std::string("standin-") + test->test_suite_name() + "-" + test->name() + "-" + std::to_string(process);
    std::ranges::replace(name, '/', '-');
    return std::filesystem::temp_directory_path() / name;
  }
  static std::string ledger() { return folder() / "ledger.db"; }
  static Books books() {
    auto books = read_ledger(ledger());
    EXPECT_TRUE(books.has_value()) << books.error().what;
    return std::move(*books);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// The answer of the shop, awaited for `patience` on a fresh connection.
  Result<Response> send(const Request& request, Duration patience = 10s) const {
    boost::asio::io_context io(1);
    Result<Response> result = failure("not asked");
    spawn(io.get_executor(), exchange(*Endpoint::parse(url()), request, patience, result));
    io.run();
    return result;
  }

 private:
  static Task<> exchange(Endpoint endpoint, Request request, Duration patience, Result<Response>& result) {
    const Executor executor = co_await this_executor();
    const AsioClock clock(executor);
    const Instant deadline = clock.now() + patience;
    HttpClient client(executor);
    result = co_await client.exchange(endpoint, request, {.send_before = deadline, .listen_until = deadline});
  }
  static Task<> stop_and_tell(Shop& shop, Duration within, std::promise<void>& stopped) {
    co_await shop.stop(within);
    stopped.set_value();
  }

  bool keep_folder_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Shop> shop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

inline Request order_request(const std::string& standin_key, std::int64_t total_minor = 1999) {
  Request request{.method = "POST",
                  .target = "/orders",
                  .headers = {},
                  .body = R"({"order":{"total_cents":)" + std::to_string(total_minor) +
                          R"(,"currency":"USD","cart_id":"cart-1"}})"};
  request.headers.set("Standin-Key", standin_key);
  return request;
}

inline Request get(std::string target) {
  return {.method = "GET", .target = std::move(target), .headers = {}, .body = {}};
}
inline Request post(std::string target) {
  return {.method = "POST", .target = std::move(target), .headers = {}, .body = {}};
}

inline Task<> poll(Clock& clock, const std::function<bool()>& condition, bool& came_true) {
  const Instant give_up = clock.now() + 60s;
  came_true = condition();
  while (!came_true && clock.now() < give_up) {
    co_await clock.sleep_for(1ms);
    came_true = condition();
  }
}

/// Waits for something that is bound to happen on other threads; false if it has not within a minute.
inline bool comes_true(const std::function<bool()>& condition) {
  boost::asio::io_context io(1);
  AsioClock clock(io.get_executor());
  bool came_true = false;
  spawn(io.get_executor(), poll(clock, condition, came_true));
  io.run();
  return came_true;
}

}  // namespace standin::rehearsal::playground
