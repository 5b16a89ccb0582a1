#include "app/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "net/test_tls.h"

namespace standin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::make_identity;
using testing::PemFile;
using ::testing::StartsWith;

const std::string edge = "127.0.0.1:8443";

/// One listener's certificate, in files that a test replaces.
class CertificatesTest : public ::testing::Test {
 protected:
  CertificatesTest() {
    config_.server.listen = {
        {.address = edge, .tls = TlsListenConfig{.certificates = {{file_.path(), key_.path(), "here"}}}}};
    auto loaded = Certificates::load(config_);
    EXPECT_TRUE(loaded) << loaded.error().what;
    certificates_.emplace(*loaded);
    wall_ = shown()->certificates()[0].expires - std::chrono::days(10);
    look(0s);
  }

  void renew() {
    const auto renewed = make_identity({.valid_to_days = 60});
    file_.write(renewed);
    key_.write(renewed, PemFile::Part::key);
  }
  void look(Duration later) { certificates_->look(start_ + later, wall_, metrics_); }
  const TlsIdentity* shown() const { return certificates_->of(edge)->identity().get(); }

  const Instant start_ = Instant() + 1h;
  const testing::Identity first_ = make_identity({.valid_to_days = 10});
  WallTime wall_{};  ///< ten days before it expires
  PemFile file_{first_}, key_{first_, PemFile::Part::key};
  Config config_;
  std::optional<Certificates> certificates_;
  Metrics metrics_;
};

TEST_F(CertificatesTest, AChangedFileIsTakenUpWithinAMinute) {
  const TlsIdentity* const old = shown();
  renew();
  look(59s);
  EXPECT_EQ(shown(), old);
  look(60s);
  EXPECT_NE(shown(), old);
  EXPECT_GT(shown()->certificates()[0].expires, wall_ + std::chrono::days(59));
}

TEST_F(CertificatesTest, WhatHasNotChangedIsNotReadAgain) {
  const TlsIdentity* const old = shown();
  look(60s);
  EXPECT_EQ(shown(), old);
}

TEST_F(CertificatesTest, HalfARenewalChangesNothingUntilItsOtherHalfIsThere) {
  const TlsIdentity* const old = shown();
  const auto renewed = make_identity({.valid_to_days = 60});
  file_.write(renewed);
  look(60s);
  EXPECT_EQ(shown(), old);
  key_.write(renewed, PemFile::Part::key);
  look(120s);
  EXPECT_NE(shown(), old);
}

TEST_F(CertificatesTest, TheirEndIsMeasured) {
  const auto end = shown()->certificates()[0].expires.time_since_epoch();
  const auto samples = metrics_.expose();
  const auto line = samples.find("standin_certificate_expiry_seconds{file=\"" + file_.path());
  ASSERT_NE(line, std::string::npos);
  const auto value = samples.substr(samples.find(' ', line) + 1, 20);
  EXPECT_EQ(std::stod(value), static_cast<double>(std::chrono::floor<std::chrono::seconds>(end).count()));
}

TEST_F(CertificatesTest, ThoseThatEndWithinAFortnightAreWarnedAbout) {
  const auto warnings = [this](WallTime now) { return Certificates::warnings(*Certificates::load(config_), now); };
  EXPECT_THAT(warnings(wall_), ::testing::ElementsAre(HasSubstr("shown on 127.0.0.1:8443, expires at 20")));
  EXPECT_THAT(warnings(wall_ + std::chrono::days(11)), ::testing::ElementsAre(HasSubstr(", expired at 20")));
  EXPECT_THAT(warnings(wall_ - std::chrono::days(10)), ::testing::IsEmpty());
}

const WallTime a_targets_end = wall_time(1'800'000'000'000);

TargetView with_certificate(std::string upstream, std::string url) {
  return {.upstream = std::move(upstream), .url = std::move(url), .certificate_expires = a_targets_end};
}

TEST(TargetCertificates, AreWarnedAboutWithinAFortnightOfTheirEnd) {
  const auto warnings = [](WallTime wall) {
    return TargetCertificates().warnings({with_certificate("bank", "https://gate:443")}, Instant(), wall);
  };
  EXPECT_THAT(warnings(a_targets_end - std::chrono::days(14) - 1ms), ::testing::IsEmpty());
  EXPECT_THAT(warnings(a_targets_end - std::chrono::days(14)),
              ::testing::ElementsAre("the certificate of https://gate:443, a target of upstream 'bank', expires at "
                                     "2027-01-15T08:00:00.000Z: from then on nothing is sent to it"));
  EXPECT_THAT(warnings(a_targets_end), ::testing::ElementsAre(HasSubstr("'bank', expired at 2027-01-15T08:00:00")));
}

TEST(TargetCertificates, AreWarnedAboutOnceADayEach) {
  TargetCertificates certificates;
  const WallTime wall = a_targets_end - std::chrono::days(2);
  const TargetView first = with_certificate("bank", "https://a");
  const std::vector<TargetView> both{first, with_certificate("bank", "https://b")};
  EXPECT_THAT(certificates.warnings({first}, Instant() + 1h, wall), ::testing::SizeIs(1));
  EXPECT_THAT(certificates.warnings(both, Instant() + 2h, wall), ::testing::ElementsAre(HasSubstr("https://b")));
  EXPECT_THAT(certificates.warnings(both, Instant() + 25h - 1ms, wall), ::testing::IsEmpty());
  EXPECT_THAT(certificates.warnings(both, Instant() + 25h, wall), ::testing::ElementsAre(HasSubstr("https://a")));
}

TEST(TargetCertificates, ATargetThatShowedNoneIsNotWarnedAbout) {
  TargetView in_clear = with_certificate("shop", "http://shop:1");
  in_clear.certificate_expires = {};
  EXPECT_THAT(TargetCertificates().warnings({in_clear}, Instant(), a_targets_end), ::testing::IsEmpty());
}

TEST_F(CertificatesTest, AFileThatCannotBeUsedIsNamedWithItsPlaceInTheConfiguration) {
  std::ofstream(key_.path()) << "nothing";
  const auto loaded = Certificates::load(config_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().what, StartsWith("here: '" + key_.path() + "' holds no private key"));
}

TEST_F(CertificatesTest, WhatIsShownToAnUpstreamMustFitTogether) {
  const PemFile other(make_identity({}), PemFile::Part::key);
  config_.file = "standin.toml";
  config_.upstreams["bank"].tls = {.ca_file = "", .certificate = file_.path(), .key = other.path()};
  const auto loaded = Certificates::load(config_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().what,
              StartsWith("standin.toml: upstream.bank.tls: '" + other.path() + "' is not the key"));
}

}  // namespace
}  // namespace standin
