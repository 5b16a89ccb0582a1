#include "net/local_port.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "net/listening.h"

namespace standin {
namespace {

constexpr std::uint16_t preferred = 14'300;

TEST(LocalPort, TwoTakersGetDifferentPorts) {
  const auto first = LocalPort::take(preferred);
  const auto second = LocalPort::take(preferred);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->number(), second->number());
}

TEST(LocalPort, CanBeListenedOnByWhoeverItIsFor) {
  boost::asio::io_context io(1);
  const auto port = LocalPort::take(preferred);
  ASSERT_TRUE(port);
  EXPECT_TRUE(listen_on(io.get_executor(), "127.0.0.1:" + std::to_string(port->number())));
}

TEST(LocalPort, OneThatSomebodyListensOnIsNotTakenThoughHeWouldShareIt) {
  boost::asio::io_context io(1);
  auto port = LocalPort::take(preferred);
  ASSERT_TRUE(port);
  const std::uint16_t number = port->number();
  const auto acceptor = listen_on(io.get_executor(), "127.0.0.1:" + std::to_string(number));
  ASSERT_TRUE(acceptor);
  port = failure("given up");
  const auto other = LocalPort::take(number);
  ASSERT_TRUE(other);
  EXPECT_NE(other->number(), number);
}

}  // namespace
}  // namespace standin
