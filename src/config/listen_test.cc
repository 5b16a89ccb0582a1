#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A PEM file as far as the configuration looks into it.
std::string pem_file(const std::string& name, unsigned mode = 0600) {
  const std::string path = testing::TempDir() + "standin_listen_" + name;
  write_secret(path, "-----BEGIN SOMETHING-----\n", mode);
  return path;
}

std::string listening_on(const std::string& items, const std::string& more = "") {
  Sample sample;
  sample.process += "[server]\nlisten = [" + items + "]\n" + more;
  return sample.text();
}

std::string under_tls(const std::string& tls) {
  return listening_on(R"({ address = "127.0.0.1:8443", tls = { )" + tls + " } }");
}

std::string pair(const std::string& key_mode_file) {
  return "certificate = \"" + pem_file("a.pem") + "\", key = \"" + key_mode_file + "\"";
}

TEST(Listen, AnAddressIsATextOrATable) {
  const Config config =
      parsed(listening_on(R"("127.0.0.1:8080", { address = "[::1]:8081", proxy_protocol = true, http2 = false })",
                          "trusted_proxies = [\"::1\"]\n"));
  ASSERT_EQ(config.server.listen.size(), 2u);
  EXPECT_EQ(config.server.listen[0].address, "127.0.0.1:8080");
  EXPECT_FALSE(config.server.listen[0].proxy_protocol);
  EXPECT_TRUE(config.server.listen[0].http2);
  EXPECT_EQ(config.server.listen[1].address, "[::1]:8081");
  EXPECT_TRUE(config.server.listen[1].proxy_protocol);
  EXPECT_FALSE(config.server.listen[1].http2);
  EXPECT_FALSE(config.server.listen[1].tls);
}

TEST(Listen, TheProxyProtocolNeedsProxiesThatAreTrusted) {
  EXPECT_THAT(problems_of(listening_on(R"({ address = "127.0.0.1:8080", proxy_protocol = true })")),
              HasSubstr("'proxy_protocol' of '127.0.0.1:8080' needs 'server.trusted_proxies'"));
}

TEST(Listen, TlsHasOneCertificateOrSeveral) {
  const std::string key = pem_file("a.key");
  const Config one = parsed(under_tls(pair(key)));
  ASSERT_TRUE(one.server.listen[0].tls);
  ASSERT_EQ(one.server.listen[0].tls->certificates.size(), 1u);
  EXPECT_EQ(one.server.listen[0].tls->certificates[0].key, key);
  EXPECT_EQ(one.server.listen[0].tls->client_certificates, ClientCertificates::none);
  const Config two = parsed(under_tls("certificates = [{ " + pair(key) + " }, { " + pair(key) + " }]"));
  EXPECT_EQ(two.server.listen[0].tls->certificates.size(), 2u);
  EXPECT_THAT(two.warnings, IsEmpty());
}

TEST(Listen, ClientsMayBeAskedForCertificates) {
  const std::string tls = pair(pem_file("a.key")) + ", client_ca = \"" + pem_file("ca.pem") + "\"";
  const Config config = parsed(under_tls(tls + R"(, client_certificates = "optional")"));
  EXPECT_EQ(config.server.listen[0].tls->client_certificates, ClientCertificates::optional);
  EXPECT_THAT(problems_of(under_tls(tls)), HasSubstr("'client_ca' has no effect without client_certificates"));
  EXPECT_THAT(problems_of(under_tls(pair(pem_file("a.key")) + R"(, client_certificates = "required")")),
              HasSubstr("'client_certificates' needs 'client_ca'"));
}

TEST(Listen, SaysWhatIsMissing) {
  EXPECT_THAT(problems_of(listening_on("")), HasSubstr("'server.listen' names at least one address"));
  EXPECT_THAT(problems_of(listening_on("{ http2 = false }")), HasSubstr("'server.listen.address' is missing"));
  EXPECT_THAT(problems_of(listening_on("8080")), HasSubstr("expected list of texts or tables, found a whole number"));
  EXPECT_THAT(problems_of(listening_on(R"({ address = "here" })")), HasSubstr("'here' is not an IP address and port"));
  EXPECT_THAT(problems_of(listening_on(R"("127.0.0.1:80", { address = "127.0.0.1:80" })")), HasSubstr("twice"));
  EXPECT_THAT(problems_of(under_tls("")), HasSubstr("names the files 'certificate' and 'key', or several pairs"));
  EXPECT_THAT(problems_of(under_tls(pair("/no/such.key"))), HasSubstr("'key': '/no/such.key' there is no such file"));
  EXPECT_THAT(problems_of(under_tls(pair(pem_file("a.key")) + ", certificates = []")),
              HasSubstr("either 'certificates' or one 'certificate' and 'key'"));
  EXPECT_THAT(problems_of(under_tls("certificates = []")), HasSubstr("names at least one certificate"));
}

TEST(Listen, AKeyThatEverybodyCanReadIsWarnedAbout) {
  EXPECT_THAT(parsed(under_tls(pair(pem_file("open.key", 0644)))).warnings,
              ElementsAre(HasSubstr("can be read by everybody: chmod o-rwx")));
  EXPECT_THAT(parsed(under_tls(pair(pem_file("shared.key", 0640)))).warnings, IsEmpty());
}

TEST(Listen, IsDescribedAsItWasRead) {
  const std::string key = pem_file("a.key");
  const std::string described = describe(parsed(under_tls(pair(key))));
  EXPECT_THAT(described, HasSubstr(R"({ address = "127.0.0.1:8443", tls = { certificates = [{ certificate = ")"));
  EXPECT_THAT(described, HasSubstr(key + R"(" }], client_certificates = "none" }, proxy_protocol = false)"));
}

}  // namespace
}  // namespace standin
