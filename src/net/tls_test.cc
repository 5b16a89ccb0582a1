#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client.h"
#include "net/openssl.h"
#include "net/test_tls.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using testing::CertificateWishes;
using ::testing::HasSubstr;
using testing::Identity;
using testing::make_identity;
using testing::ok;
using testing::patience;
using testing::PemFile;
using testing::run_on;
using testing::TlsListener;
using testing::TlsPeerSocket;

/// A client that trusts one issuer, and a server whose certificate a test chooses.
class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { ::signal(SIGPIPE, SIG_IGN); }
  ~TlsTest() override {
    if (peer_.joinable()) peer_.join();
  }

  void serve(const CertificateWishes& wishes) { show(make_identity(wishes, &authority_)); }
  void show(const Identity& identity) {
    listener_.emplace(identity);
    client_.configure({.tls = {{"localhost:" + std::to_string(listener_->port()), {.ca_file = trusted_.path()}},
                               {"127.0.0.1:" + std::to_string(listener_->port()), {.ca_file = trusted_.path()}}}});
  }

  void peer(std::move_only_function<void(TlsListener&)> script) {
    peer_ = std::thread([this, act = std::move(script)]() mutable { act(*listener_); });
  }

  /// The peer agrees on TLS, reads one request, sends `answer` and says goodbye.
  void peer_answers(std::string answer) {
    peer([this, answer = std::move(answer)](TlsListener& listener) {
      TlsPeerSocket socket = listener.accept();
      if (!socket.accept()) return;
      heard_ = socket.read_until("\r\n\r\norder");
      name_heard_ = socket.server_name();
      socket.send(answer);
      socket.say_goodbye();
    });
  }

  Result<Response> exchange(const std::string& host = "localhost", std::string body = "order") {
    const auto endpoint = Endpoint::parse("https://" + host + ":" + std::to_string(listener_->port()));
    const Request request{.method = "POST", .target = "/orders", .headers = {}, .body = std::move(body)};
    findings_ = {};
    const ExchangeTimes times{.connect = patience,
                              .send_before = steady_now() + patience,
                              .listen_until = steady_now() + patience,
                              .findings = &findings_};
    auto result = run_on(io_, client_.exchange(*endpoint, request, times, [this] { sending_ = true; }));
    return result ? std::move(*result) : failure("the test ran out of patience");
  }

  /// Of an exchange that failed before anything was sent: why.
  std::string why_nothing_was_sent(const std::string& host = "localhost") {
    peer_answers(std::string(ok));
    const auto response = exchange(host);
    peer_.join();
    EXPECT_FALSE(sending_);
    EXPECT_EQ(heard_, "");
    EXPECT_FALSE(response);
    if (response) return "";
    EXPECT_EQ(response.error().sent, Sent::nothing);
    return response.error().what;
  }

  Identity authority_ = make_identity({.name = "authority.test"});
  PemFile trusted_{authority_};
  boost::asio::io_context io_{1};
  HttpClient client_{io_.get_executor()};
  std::optional<TlsListener> listener_;
  std::thread peer_;
  std::string heard_, name_heard_;
  bool sending_ = false;
  ExchangeFindings findings_;
};

TEST_F(TlsTest, SendsARequestToAServerThatItTrusts) {
  serve({});
  peer_answers(std::string(ok));
  const auto response = exchange();
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "ok");
  peer_.join();
  EXPECT_TRUE(heard_.starts_with("POST /orders HTTP/1.1\r\nHost: localhost:"));
  EXPECT_EQ(name_heard_, "localhost");
}

TEST_F(TlsTest, TellsWhenTheCertificateOfANewConnectionExpires) {
  const Identity identity = make_identity({.valid_to_days = 20}, &authority_);
  show(identity);
  peer([](TlsListener& listener) {
    TlsPeerSocket socket = listener.accept();
    socket.accept();
    for (int i = 0; i < 2; ++i) {
      socket.read_until("\r\n\r\norder");
      socket.send(ok);
    }
  });
  ASSERT_TRUE(exchange());
  EXPECT_EQ(findings_.certificate_expires, expiry_of(identity.certificate.get()));
  ASSERT_TRUE(exchange());
  EXPECT_FALSE(findings_.certificate_expires);
}

TEST_F(TlsTest, AServerMayBeKnownByItsAddress) {
  serve({.name = "IP:127.0.0.1"});
  peer_answers(std::string(ok));
  const auto response = exchange("127.0.0.1");
  EXPECT_TRUE(response) << response.error().what;
  peer_.join();
  EXPECT_EQ(name_heard_, "");
}

TEST_F(TlsTest, NothingIsSentToAServerWithAnotherName) {
  serve({.name = "elsewhere.test"});
  EXPECT_THAT(why_nothing_was_sent(), HasSubstr("TLS failed: hostname mismatch"));
}

TEST_F(TlsTest, NothingIsSentToAServerWithAnotherAddress) {
  serve({.name = "IP:192.0.2.1"});
  EXPECT_THAT(why_nothing_was_sent("127.0.0.1"), HasSubstr("TLS failed: IP address mismatch"));
}

TEST_F(TlsTest, NothingIsSentUnderAnExpiredCertificate) {
  serve({.valid_from_days = -90, .valid_to_days = -1});
  EXPECT_THAT(why_nothing_was_sent(), HasSubstr("TLS failed: certificate has expired"));
}

TEST_F(TlsTest, NothingIsSentUnderACertificateOfTheFuture) {
  serve({.valid_from_days = 1});
  EXPECT_THAT(why_nothing_was_sent(), HasSubstr("TLS failed: certificate is not yet valid"));
}

TEST_F(TlsTest, NothingIsSentToAServerThatNobodyVouchesFor) {
  show(make_identity({}));
  EXPECT_THAT(why_nothing_was_sent(), HasSubstr("TLS failed: self-signed certificate"));
}

TEST_F(TlsTest, NothingIsSentUnderAnOldVersion) {
  serve({});
  SSL_CTX_set_max_proto_version(listener_->context(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(listener_->context(), 0);
  EXPECT_THAT(why_nothing_was_sent(), HasSubstr("TLS failed"));
}

TEST_F(TlsTest, NothingIsSentToAServerThatDoesNotSpeakTls) {
  serve({});
  peer([](TlsListener& listener) {
    TlsPeerSocket socket = listener.accept();
    socket.socket().send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    socket.socket().half_close();
    socket.socket().read_to_end();
  });
  const auto response = exchange();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().sent, Sent::nothing);
  EXPECT_THAT(response.error().what, HasSubstr("wrong version number"));
  EXPECT_FALSE(sending_);
}

TEST_F(TlsTest, NothingIsSentWithoutTheFileOfIssuers) {
  serve({});
  client_.configure({.tls = {{"localhost:" + std::to_string(listener_->port()), {.ca_file = "/no/such/file.pem"}}}});
  const auto response = exchange();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().sent, Sent::nothing);
  EXPECT_THAT(response.error().what, HasSubstr("/no/such/file.pem"));
  EXPECT_FALSE(listener_->somebody_waits());
}

TEST_F(TlsTest, UsesOneConnectionForManyRequests) {
  serve({});
  peer([](TlsListener& listener) {
    TlsPeerSocket socket = listener.accept();
    socket.accept();
    for (int i = 0; i < 20; ++i) {
      socket.read_until("\r\n\r\norder");
      socket.send(ok);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto response = exchange();
    ASSERT_TRUE(response) << i << ": " << response.error().what;
  }
  peer_.join();
  EXPECT_FALSE(listener_->somebody_waits());
}

TEST_F(TlsTest, ResumesTheSessionWhenItConnectsAgain) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    serve({});
    SSL_CTX_set_max_proto_version(listener_->context(), version);
    std::vector<bool> resumed;
    peer([&](TlsListener& listener) {
      for (int i = 0; i < 2; ++i) {
        TlsPeerSocket socket = listener.accept();
        if (!socket.accept()) return;
        resumed.push_back(socket.resumed());
        socket.read_until("\r\n\r\norder");
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        socket.say_goodbye();
      }
    });
    EXPECT_TRUE(exchange());
    const auto expires = findings_.certificate_expires;
    EXPECT_TRUE(exchange());
    peer_.join();
    EXPECT_EQ(resumed, (std::vector<bool>{false, true})) << version;
    EXPECT_EQ(findings_.certificate_expires, expires) << version;
  }
}

TEST_F(TlsTest, SendsAndReceivesLargeBodies) {
  serve({});
  const std::string large(4 * 1024 * 1024, 'x');
  peer([&](TlsListener& listener) {
    TlsPeerSocket socket = listener.accept();
    socket.accept();
    socket.read_until(large);
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
  });
  const auto response = exchange("localhost", large);
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, large);
}

TEST_F(TlsTest, AnAnswerThatEndsWithAGoodbyeIsWhole) {
  serve({});
  peer_answers("HTTP/1.0 200 OK\r\n\r\nto the end");
  const auto response = exchange();
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "to the end");
}

TEST_F(TlsTest, AnAnswerThatIsCutOffIsAnUntrustworthyOne) {
  serve({});
  peer([](TlsListener& listener) {
    TlsPeerSocket socket = listener.accept();
    socket.accept();
    socket.read_until("\r\n\r\norder");
    socket.send("HTTP/1.0 200 OK\r\n\r\nto the");
    socket.socket().half_close();
    socket.socket().read_to_end();
  });
  const auto response = exchange();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().sent, Sent::answered);
}

TEST_F(TlsTest, APostIsNeverSentTwice) {
  serve({});
  peer([](TlsListener& listener) {
    TlsPeerSocket socket = listener.accept();
    socket.accept();
    socket.read_until("\r\n\r\norder");
    socket.send(ok);
    socket.read_until("\r\n\r\norder");
  });
  ASSERT_TRUE(exchange());
  const auto second = exchange();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().sent, Sent::maybe);
  peer_.join();
  EXPECT_FALSE(listener_->somebody_waits());
}

}  // namespace
}  // namespace standin
