#include "net/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace standin {
namespace {

namespace asio = boost::asio;

/// A socket of ours, and the other end of it.
struct SocketPair {
  explicit SocketPair(asio::io_context& loop) {
    int both[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    ours = std::make_unique<Socket>(loop.get_executor(), Descriptor(both[0]));
    theirs = Descriptor(both[1]);
  }
  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(theirs.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  std::unique_ptr<Socket> ours;
  Descriptor theirs;
};

class SocketTest : public ::testing::Test {
 protected:
  /// Runs the loop until nobody waits for anything.
  void run() {
    loop_.restart();
    loop_.run();
  }
  /// How the next wait ended; nothing if it did not.
  std::optional<ErrorCode> readable(Socket& socket) {
    std::optional<ErrorCode> ended;
    socket.when_readable([&](const ErrorCode& error) { ended = error; });
    EXPECT_FALSE(ended) << "it was told at once";
    loop_.restart();
    loop_.run_for(std::chrono::seconds(5));
    return ended;
  }
  static std::string read(Socket& socket, std::size_t most, ErrorCode& error) {
    std::string bytes(most, '\0');
    bytes.resize(socket.read_some(bytes, error));
    return bytes;
  }

  asio::io_context loop_{1};
};

TEST_F(SocketTest, TheEndBehindTheLastBytesIsRead) {
  SocketPair pair(loop_);
  pair.send("last");
  pair.theirs = Descriptor();
  ErrorCode error;
  EXPECT_EQ(readable(*pair.ours), ErrorCode());
  EXPECT_EQ(read(*pair.ours, 100, error), "last");
  EXPECT_EQ(error, ErrorCode());
  EXPECT_EQ(readable(*pair.ours), ErrorCode()) << "no event comes for what was there before";
  EXPECT_EQ(read(*pair.ours, 100, error), "");
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(SocketTest, TheEndThatComesAfterAReadIsRead) {
  SocketPair pair(loop_);
  pair.send("last");
  ErrorCode error;
  EXPECT_EQ(readable(*pair.ours), ErrorCode());
  EXPECT_EQ(read(*pair.ours, 100, error), "last");
  pair.theirs = Descriptor();
  EXPECT_EQ(readable(*pair.ours), ErrorCode());
  EXPECT_EQ(read(*pair.ours, 100, error), "");
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(SocketTest, WhatAReadLeftIsTold) {
  SocketPair pair(loop_);
  pair.send("abcdef");
  ErrorCode error;
  std::string all;
  while (!error && all.size() < 6) {
    ASSERT_EQ(readable(*pair.ours), ErrorCode());
    all += read(*pair.ours, 2, error);
  }
  EXPECT_EQ(all, "abcdef");
}

TEST_F(SocketTest, WhatComesAfterAReadIsTold) {
  SocketPair pair(loop_);
  ErrorCode error;
  for (const char* const piece : {"a", "b", "c"}) {
    pair.send(piece);
    ASSERT_EQ(readable(*pair.ours), ErrorCode());
    EXPECT_EQ(read(*pair.ours, 100, error), piece);
    EXPECT_EQ(read(*pair.ours, 100, error), "");
    EXPECT_EQ(error, asio::error::would_block);
  }
}

TEST_F(SocketTest, WaitsForRoomAndWritesOn) {
  SocketPair pair(loop_);
  const std::string much(1 << 20, 'x');
  const asio::const_buffer piece(much.data(), much.size());
  ErrorCode error;
  std::size_t sent = 0;
  while (!error) sent += pair.ours->write_some({&piece, 1}, error);
  ASSERT_EQ(error, asio::error::would_block);
  for (int round = 0; round < 2; ++round) {
    std::optional<ErrorCode> ended;
    pair.ours->when_writable([&](const ErrorCode& how) { ended = how; });
    loop_.restart();
    loop_.poll();
    ASSERT_FALSE(ended) << "there is no room yet";
    std::string taken(sent, '\0');
    EXPECT_GT(::recv(pair.theirs.number(), taken.data(), taken.size(), 0), 0);
    run();
    ASSERT_EQ(ended, ErrorCode());
    error = {};
    while (!error) sent += pair.ours->write_some({&piece, 1}, error);
  }
}

TEST_F(SocketTest, ReadsWhileItWaitsForRoom) {
  SocketPair pair(loop_);
  const std::string much(1 << 20, 'x');
  const asio::const_buffer piece(much.data(), much.size());
  ErrorCode error;
  while (!error) pair.ours->write_some({&piece, 1}, error);
  bool wrote = false;
  pair.ours->when_writable([&](const ErrorCode&) { wrote = true; });
  pair.send("a");
  EXPECT_EQ(readable(*pair.ours), ErrorCode());
  EXPECT_FALSE(wrote);
  pair.ours->close();
  run();
  EXPECT_TRUE(wrote);
}

TEST_F(SocketTest, WhoWaitsIsToldOfACancelAndOfAClose) {
  SocketPair pair(loop_);
  for (const bool close : {false, true}) {
    std::vector<ErrorCode> told;
    pair.ours->when_readable([&](const ErrorCode& error) { told.push_back(error); });
    close ? pair.ours->close() : pair.ours->cancel();
    EXPECT_TRUE(told.empty()) << "not at once";
    run();
    EXPECT_EQ(told, std::vector<ErrorCode>{asio::error::operation_aborted});
  }
  EXPECT_EQ(readable(*pair.ours), asio::error::bad_descriptor);
}

TEST_F(SocketTest, OneOfABurstMayEndTheOthers) {
  std::vector<SocketPair> pairs;
  int good = 0, aborted = 0;
  for (int i = 0; i < 8; ++i) pairs.emplace_back(loop_);
  for (const SocketPair& pair : pairs) {
    pair.send("a");
    pair.ours->when_readable([&](const ErrorCode& error) {
      error ? ++aborted : ++good;
      for (const SocketPair& other : pairs) {
        if (other.ours->is_open()) other.ours->close();
      }
    });
  }
  run();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(aborted, 7);
}

TEST_F(SocketTest, OneOfABurstMayDestroyTheOthers) {
  std::vector<SocketPair> pairs;
  for (int i = 0; i < 8; ++i) pairs.emplace_back(loop_);
  for (const SocketPair& pair : pairs) pair.send("a");
  int told = 0;
  for (const SocketPair& pair : pairs) {
    pair.ours->when_readable([&](const ErrorCode&) {
      ++told;
      pairs.clear();
    });
  }
  run();
  EXPECT_EQ(told, 8) << "one of what happened, the others of the end";
}

TEST_F(SocketTest, NobodyWaitsBeyondTheLoop) {
  const auto kept = std::make_shared<int>(0);
  std::optional<asio::io_context> loop(std::in_place, 1);
  // As a connection does, which lives for as long as it listens.
  auto pair = std::make_shared<SocketPair>(*loop);
  std::weak_ptr<SocketPair> seen = pair;
  pair->ours->when_readable([pair, kept](const ErrorCode&) {});
  pair.reset();
  loop->poll();
  EXPECT_FALSE(seen.expired());
  loop.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(SocketTest, ALoopHasWorkForAsLongAsSomebodyWaits) {
  SocketPair first(loop_), second(loop_);
  int told = 0;
  for (int round = 0; round < 3; ++round) {
    for (const SocketPair* pair : {&first, &second}) {
      pair->ours->when_readable([&](const ErrorCode&) { ++told; });
    }
    loop_.restart();
    loop_.poll();
    EXPECT_FALSE(loop_.stopped());
    first.ours->cancel();
    loop_.poll();
    EXPECT_FALSE(loop_.stopped());
    second.ours->cancel();
    loop_.poll();
    EXPECT_TRUE(loop_.stopped());
  }
  EXPECT_EQ(told, 6);
}

TEST_F(SocketTest, Connects) {
  asio::ip::tcp::acceptor acceptor(loop_, {asio::ip::address_v4::loopback(), 0});
  Socket socket(loop_.get_executor());
  ErrorCode error = socket.connect(SocketAddress(acceptor.local_endpoint()));
  EXPECT_EQ(error, asio::error::would_block);
  std::optional<ErrorCode> ended;
  socket.when_writable([&](const ErrorCode& how) { ended = how; });
  run();
  EXPECT_EQ(ended, ErrorCode());
  EXPECT_EQ(socket.connected(), ErrorCode());
}

TEST_F(SocketTest, SaysWhyItDoesNotConnect) {
  asio::ip::tcp::acceptor acceptor(loop_, {asio::ip::address_v4::loopback(), 0});
  const SocketAddress nobody(acceptor.local_endpoint());
  acceptor.close();
  Socket socket(loop_.get_executor());
  ErrorCode error = socket.connect(nobody);
  if (error == asio::error::would_block) {
    socket.when_writable([](const ErrorCode&) {});
    run();
    error = socket.connected();
  }
  EXPECT_EQ(error, asio::error::connection_refused);
}

TEST_F(SocketTest, AResetIsNoEnd) {
  asio::ip::tcp::acceptor acceptor(loop_, {asio::ip::address_v4::loopback(), 0});
  Socket socket(loop_.get_executor());
  EXPECT_EQ(socket.connect(SocketAddress(acceptor.local_endpoint())), asio::error::would_block);
  Socket accepted(loop_.get_executor(),
                  Descriptor(::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
  EXPECT_TRUE(accepted.is_open());
  accepted.reset();
  EXPECT_EQ(readable(socket), ErrorCode());
  ErrorCode error;
  EXPECT_EQ(read(socket, 10, error), "");
  EXPECT_EQ(error, asio::error::connection_reset);
}

}  // namespace
}  // namespace standin
