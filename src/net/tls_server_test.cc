#include "net/tls_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_streams.h"
#include "net/test_tls.h"
#include "net/ticket_keys.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::Identity;
using testing::make_identity;
using testing::PemFile;
using testing::ServerThread;
using testing::TlsCaller;

constexpr std::string_view get_it = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

Task<Reply> say_path(Request request, std::shared_ptr<const Client> client) {
  const std::string_view how = client->secure() ? "secure " : "in clear ";
  Reply reply{.response = {.status = 200, .headers = {}, .body = std::string(how) + request.target + request.body}};
  co_return reply;
}

/// An identity in two files, as a listener has it.
struct Files {
  explicit Files(const Identity& identity) : certificate(identity), key(identity, PemFile::Part::key) {}
  void replace(const Identity& identity) {
    certificate.write(identity);
    key.write(identity, PemFile::Part::key);
  }
  TlsServerOptions::Pair pair() const { return {certificate.path(), key.path()}; }

  PemFile certificate, key;
};

std::shared_ptr<const TlsIdentity> load(TlsServerOptions options) {
  auto loaded = TlsIdentity::load(std::move(options));
  EXPECT_TRUE(loaded) << loaded.error().what;
  return loaded ? *loaded : nullptr;
}

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() { ::signal(SIGPIPE, SIG_IGN); }

  TlsServerOptions options() const { return {.certificates = {first_.pair()}, .client_ca = {}}; }
  void serve(TlsServerOptions options) {
    tls_ = std::make_shared<TlsServer>(load(std::move(options)));
    ListenOn where("127.0.0.1:0");
    where.tls = tls_;
    server_.emplace(say_path, ServerLimits{}, where);
  }
  TlsCaller call(const TlsCaller::Wishes& wishes = {}) { return {server_->server().port(), wishes}; }
  std::string shown_for(const std::string& name) {
    TlsCaller caller = call({.name = name});
    return caller.connect() ? caller.shown() : "no handshake";
  }
  /// What it is answered, once more on the same connection.
  static std::string answer_to(TlsCaller& caller, std::string_view request = get_it) {
    caller.send(request);
    return caller.read_until("/x");
  }

  Identity authority_ = make_identity({.name = "authority.test"});
  Files first_{make_identity({.name = "first.test"}, &authority_)};
  std::shared_ptr<TlsServer> tls_;
  std::optional<ServerThread> server_;
};

TEST_F(TlsServerTest, AnswersUnderBothVersions) {
  serve(options());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsCaller caller = call({.version = version});
    ASSERT_TRUE(caller.connect()) << version;
    EXPECT_THAT(answer_to(caller), HasSubstr("secure /x")) << version;
    EXPECT_THAT(answer_to(caller), HasSubstr("secure /x")) << version;
  }
}

TEST_F(TlsServerTest, RefusesOlderVersions) {
  serve(options());
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) EXPECT_FALSE(call({.version = version}).connect());
}

TEST_F(TlsServerTest, ShowsTheCertificateThatIsForTheName) {
  const Files second(make_identity({.name = "second.test"}, &authority_));
  const Files wildcard(make_identity({.name = "*.shops.test"}, &authority_));
  serve({.certificates = {first_.pair(), second.pair(), wildcard.pair()}, .client_ca = {}});
  EXPECT_EQ(shown_for("second.test"), "second.test");
  EXPECT_EQ(shown_for("SECOND.test"), "second.test");
  EXPECT_EQ(shown_for("a.shops.test"), "*.shops.test");
  EXPECT_EQ(shown_for("first.test"), "first.test");
}

TEST_F(TlsServerTest, ShowsTheFirstCertificateWhereNoneIsForTheName) {
  const Files wildcard(make_identity({.name = "*.shops.test"}, &authority_));
  serve({.certificates = {first_.pair(), wildcard.pair()}, .client_ca = {}});
  for (const char* const name : {"", "elsewhere.test", "a.b.shops.test", "shops.test", "test"}) {
    EXPECT_EQ(shown_for(name), "first.test") << name;
  }
}

TEST_F(TlsServerTest, ShowsTheKindOfKeyThatTheClientKnows) {
  const Files rsa(make_identity({.name = "first.test", .rsa = true}, &authority_));
  const Files repeated(make_identity({.name = "first.test"}, &authority_));
  serve({.certificates = {first_.pair(), rsa.pair(), repeated.pair()}, .client_ca = {}});
  for (const char* const name : {"", "first.test"}) {
    for (const auto& [ciphers, kind] : {std::pair("aECDSA", EVP_PKEY_EC), std::pair("aRSA", EVP_PKEY_RSA)}) {
      TlsCaller caller = call({.name = name, .version = TLS1_2_VERSION, .ciphers = ciphers});
      ASSERT_TRUE(caller.connect()) << ciphers;
      EXPECT_EQ(caller.shown_kind(), kind) << ciphers;
    }
  }
}

TEST_F(TlsServerTest, ResumesASessionByItsTicket) {
  serve(options());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsCaller caller = call({.version = version});
    ASSERT_TRUE(caller.connect());
    answer_to(caller);
    EXPECT_FALSE(caller.resumed());
    TlsCaller again = call({.version = version, .resume = caller.session().get()});
    ASSERT_TRUE(again.connect());
    EXPECT_TRUE(again.resumed()) << version;
    EXPECT_THAT(answer_to(again), HasSubstr("secure /x"));
  }
}

TEST_F(TlsServerTest, ASessionIsResumedAfterTheCertificateWasRenewed) {
  serve(options());
  TlsCaller caller = call();
  ASSERT_TRUE(caller.connect());
  answer_to(caller);
  first_.replace(make_identity({.name = "renewed.test"}, &authority_));
  tls_->use(load(options()));
  TlsCaller again = call({.resume = caller.session().get()});
  ASSERT_TRUE(again.connect());
  EXPECT_TRUE(again.resumed());
}

TEST_F(TlsServerTest, NoSessionIsResumedWhereACertificateIsWanted) {
  const PemFile clients(authority_);
  const Identity client = make_identity({.name = "client.test"}, &authority_);
  serve(options());
  TlsCaller caller = call();
  ASSERT_TRUE(caller.connect());
  answer_to(caller);
  TlsServerOptions wanting = options();
  wanting.client_ca = clients.path();
  tls_->use(load(wanting));
  TlsCaller again = call({.identity = &client, .resume = caller.session().get()});
  ASSERT_TRUE(again.connect());
  EXPECT_THAT(answer_to(again), HasSubstr("secure /x"));
  EXPECT_FALSE(again.resumed());
}

TEST_F(TlsServerTest, AgreesOnAProtocol) {
  serve(options());
  const auto agreed = [this](const std::string& offered) {
    TlsCaller caller = call({.protocols = offered});
    return caller.connect() ? caller.protocol() : "no handshake";
  };
  EXPECT_EQ(agreed("\x08http/1.1\x02h2"), "h2");
  EXPECT_EQ(agreed("\x03"
                   "foo\x08http/1.1"),
            "http/1.1");
  EXPECT_EQ(agreed(""), "");
  EXPECT_EQ(agreed("\x03"
                   "foo"),
            "no handshake");
}

TEST_F(TlsServerTest, DoesNotAgreeOnHttp2WhereItIsNotServed) {
  TlsServerOptions without = options();
  without.http2 = false;
  serve(without);
  TlsCaller caller = call({.protocols = "\x02h2\x08http/1.1"});
  ASSERT_TRUE(caller.connect());
  EXPECT_EQ(caller.protocol(), "http/1.1");
  EXPECT_FALSE(call({.protocols = "\x02h2"}).connect());
}

TEST_F(TlsServerTest, RefusesWhoShowsNoCertificateWhereOneIsRequired) {
  const PemFile clients(authority_);
  const Identity client = make_identity({.name = "client.test"}, &authority_);
  const Identity stranger = make_identity({.name = "client.test"});
  TlsServerOptions wanting = options();
  wanting.client_ca = clients.path();
  serve(wanting);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsCaller known = call({.version = version, .identity = &client});
    EXPECT_TRUE(known.connect());
    EXPECT_THAT(answer_to(known), HasSubstr("secure /x")) << version;
    for (const Identity* const wrong : {static_cast<const Identity*>(nullptr), &stranger}) {
      TlsCaller refused = call({.version = version, .identity = wrong});
      refused.connect();  // under TLS 1.3 the client learns of it later
      EXPECT_EQ(answer_to(refused), "") << version;
    }
  }
}

TEST_F(TlsServerTest, AnOptionalCertificateIsCheckedWhereOneIsShown) {
  const PemFile clients(authority_);
  const Identity stranger = make_identity({.name = "client.test"});
  TlsServerOptions wanting = options();
  wanting.client_ca = clients.path();
  wanting.client_certificate_required = false;
  serve(wanting);
  TlsCaller without = call();
  ASSERT_TRUE(without.connect());
  EXPECT_THAT(answer_to(without), HasSubstr("secure /x"));
  TlsCaller wrong = call({.identity = &stranger});
  wrong.connect();
  EXPECT_EQ(answer_to(wrong), "");
}

TEST_F(TlsServerTest, ANewCertificateIsShownToNewConnectionsAndOldOnesGoOn) {
  serve(options());
  TlsCaller old = call();
  ASSERT_TRUE(old.connect());
  answer_to(old);
  first_.replace(make_identity({.name = "renewed.test"}, &authority_));
  EXPECT_TRUE(tls_->identity()->outdated());
  tls_->use(load(options()));
  EXPECT_FALSE(tls_->identity()->outdated());
  EXPECT_EQ(shown_for("first.test"), "renewed.test");
  EXPECT_THAT(answer_to(old), HasSubstr("secure /x"));
}

TEST_F(TlsServerTest, SaysWhatIsWrongWithAFile) {
  const Files other(make_identity({.name = "other.test"}, &authority_));
  const auto problem = [](TlsServerOptions::Pair pair) {
    const auto loaded = TlsIdentity::load({.certificates = {std::move(pair)}, .client_ca = {}});
    return loaded ? "none" : loaded.error().where + ": " + loaded.error().what;
  };
  const std::string certificate = first_.certificate.path();
  EXPECT_EQ(problem({"/no/such.pem", "/no/such.key"}), "/no/such.pem: the certificate cannot be read: no such file");
  EXPECT_EQ(problem({certificate, "/no/such.key"}), "/no/such.key: the key cannot be read: no such file");
  EXPECT_EQ(problem({certificate, other.key.path()}),
            other.key.path() + ": is not the key of the first certificate in " + certificate +
                ": the server's own certificate comes first, then its issuers");
  EXPECT_THAT(problem({first_.key.path(), first_.key.path()}), HasSubstr("holds no certificate in PEM form"));
  EXPECT_THAT(problem({certificate, certificate}), HasSubstr("holds no private key in PEM form"));
}

TEST_F(TlsServerTest, TheAuthoritysOwnFileIsNeeded) {
  TlsServerOptions wanting = options();
  wanting.client_ca = first_.key.path();
  const auto loaded = TlsIdentity::load(wanting);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().where, first_.key.path());
  EXPECT_THAT(loaded.error().what, HasSubstr("no certificates of authorities"));
}

TEST_F(TlsServerTest, PlainHttpOnItsPortIsClosed) {
  serve(options());
  testing::RawSocket plain = server_->connect();
  plain.send(get_it);
  EXPECT_THAT(plain.read_to_end(), Not(HasSubstr("secure")));
  EXPECT_EQ(shown_for(""), "first.test");
}

TEST_F(TlsServerTest, WhoDoesNotEndItsHandshakeHoldsNobodyUp) {
  serve(options());
  testing::RawSocket silent = server_->connect();
  testing::RawSocket slow = server_->connect();
  slow.send(std::string_view("\x16\x03\x01\x02", 4));
  TlsCaller caller = call();
  ASSERT_TRUE(caller.connect());
  EXPECT_THAT(answer_to(caller), HasSubstr("secure /x"));
}

TEST_F(TlsServerTest, ServesAClientThatHasSaidGoodbye) {
  serve(options());
  TlsCaller caller = call();
  ASSERT_TRUE(caller.connect());
  caller.send(get_it);
  caller.say_goodbye();
  bool goodbye = false;
  EXPECT_THAT(caller.read_to_end(&goodbye), HasSubstr("secure /x"));
  EXPECT_TRUE(goodbye);
}

TEST_F(TlsServerTest, EndsItsLastAnswerWithAGoodbye) {
  serve(options());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsCaller caller = call({.version = version});
    ASSERT_TRUE(caller.connect());
    caller.send("GET /x HTTP/1.0\r\n\r\n");
    bool goodbye = false;
    EXPECT_THAT(caller.read_to_end(&goodbye), HasSubstr("secure /x"));
    EXPECT_TRUE(goodbye) << version;
  }
}

TEST_F(TlsServerTest, RequestsMayComeInAnyRecords) {
  serve(options());
  TlsCaller caller = call();
  ASSERT_TRUE(caller.connect());
  for (const char each : get_it) caller.send({&each, 1});
  EXPECT_THAT(caller.read_until("/x"), HasSubstr("secure /x"));
  caller.send(std::string(get_it) + std::string(get_it));
  EXPECT_THAT(caller.read_until("/x") + caller.read_until("/x"), HasSubstr("secure /x"));
}

TEST_F(TlsServerTest, CarriesBodiesOfManyRecords) {
  tls_ = std::make_shared<TlsServer>(load(options()));
  ListenOn where("127.0.0.1:0");
  where.tls = tls_;
  server_.emplace(say_path, ServerLimits{.body = 8 << 20}, where);
  TlsCaller caller = call();
  ASSERT_TRUE(caller.connect());
  const std::string body = std::string(3 << 20, 'b') + "(end)";
  std::thread sender([&] {
    caller.send(fmt::format("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.size()));
    caller.send(body);
  });
  sender.join();
  EXPECT_THAT(caller.read_until("(end)"), ::testing::EndsWith("secure /x" + body));
}

/// Which of the keys would open what was sealed: a ticket's name is its key's.
class TicketKeysTest : public ::testing::Test {
 protected:
  using Name = std::array<unsigned char, 16>;

  Name seal(Instant now) {
    Name name{};
    EXPECT_EQ(prepare(TicketKeys::Act::seal, now, name), 1);
    return name;
  }
  int open(Instant now, Name name) { return prepare(TicketKeys::Act::open, now, name); }

 private:
  int prepare(TicketKeys::Act act, Instant now, Name& name) {
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    const std::unique_ptr<EVP_MAC, void (*)(EVP_MAC*)> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free);
    const std::unique_ptr<EVP_MAC_CTX, void (*)(EVP_MAC_CTX*)> mac(EVP_MAC_CTX_new(hmac.get()), EVP_MAC_CTX_free);
    std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
    return keys_.prepare(act, now, name.data(), iv.data(), cipher.get(), mac.get());
  }

  TicketKeys keys_;
};

TEST_F(TicketKeysTest, AKeyOpensWhatItSealedUntilItIsTwiceAsOldAsItSeals) {
  const Instant start = steady_now();
  const Name ticket = seal(start);
  EXPECT_EQ(open(start + 11h, ticket), 1);
  EXPECT_EQ(open(start + 13h, ticket), 2);
  EXPECT_NE(seal(start + 13h), ticket);
  EXPECT_EQ(open(start + 26h, ticket), 0);
}

TEST_F(TicketKeysTest, NothingIsOpenedByAKeyThatWasNotUsedForADay) {
  const Instant start = steady_now();
  const Name ticket = seal(start);
  EXPECT_EQ(open(start + 25h, ticket), 0);
}

TEST_F(TicketKeysTest, ATicketOfSomebodyElseIsNotOpened) {
  seal(steady_now());
  EXPECT_EQ(open(steady_now(), Name{}), 0);
}

}  // namespace
}  // namespace standin
