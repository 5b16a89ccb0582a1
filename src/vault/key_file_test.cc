#include "vault/key_file.h"

#include <gtest/gtest.h>

#include <sstream>

#include "vault/test_keys.h"
#include "vault/vault.h"

namespace standin {
namespace {

unsigned mode_of(const std::string& file) {
  struct stat status{};
  ::stat(file.c_str(), &status);
  return status.st_mode & 07777;
}

std::string text_of(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
  return text.replace(text.find(old), old.size(), fresh);
}

TEST(KeyFile, IsCreatedForItsOwnerAlone) {
  const TestFolder folder;
  ASSERT_TRUE(Vault::create_keys(folder.file("keys")));
  EXPECT_EQ(mode_of(folder.file("keys")), 0600u);
  EXPECT_TRUE(Vault::load(folder.file("keys")));
}

TEST(KeyFile, IsNeverOverwritten) {
  const TestFolder folder;
  const std::string file = folder.write("keys", "precious");
  EXPECT_FALSE(Vault::create_keys(file));
  EXPECT_EQ(text_of(file), "precious");
}

TEST(KeyFile, ThatOthersMayReadIsRefusedWithTheRemedy) {
  const TestFolder folder;
  for (const unsigned mode : {0640u, 0604u, 0660u, 0610u, 0601u}) {
    const auto loaded = Vault::load(folder.write("keys", known_key_file(), mode));
    ASSERT_FALSE(loaded) << std::oct << mode;
    EXPECT_NE(loaded.error().what.find("chmod 600 " + folder.file("keys")), std::string::npos);
  }
  EXPECT_TRUE(Vault::load(folder.write("keys", known_key_file(), 0400)));
}

TEST(KeyFile, ThatIsMissingSaysHowToMakeOne) {
  const TestFolder folder;
  const auto loaded = Vault::load(folder.file("none"));
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().what.find("standin keys new"), std::string::npos);
}

TEST(KeyFile, RotatedStillOpensWhatTheOldKeySealed) {
  const TestFolder folder;
  const std::string file = folder.write("keys", known_key_file());
  const Vault before = *Vault::load(file);
  const Sealed old = before.seal("plain", "order 1");
  ASSERT_TRUE(Vault::rotate_keys(file));
  const Vault after = *Vault::load(file);
  EXPECT_EQ(after.open(old, "order 1"), "plain");
  EXPECT_EQ(after.key_ids(), (std::vector<std::uint32_t>{2, 1}));
  EXPECT_EQ(after.seal("plain", "order 1").key_id, 2u);
  EXPECT_FALSE(before.open(after.seal("plain", "order 1"), "order 1"));
}

TEST(KeyFile, RotationNeverChangesOrderKeysOrDigests) {
  const TestFolder folder;
  const std::string file = folder.write("keys", known_key_file());
  const Vault before = *Vault::load(file);
  ASSERT_TRUE(Vault::rotate_keys(file));
  const Vault after = *Vault::load(file);
  EXPECT_EQ(before.order_key("t", "r", "i"), after.order_key("t", "r", "i"));
  EXPECT_EQ(before.payload_digest("p"), after.payload_digest("p"));
  EXPECT_EQ(before.fingerprint("4111"), after.fingerprint("4111"));
  EXPECT_EQ(before.sign("s"), after.sign("s"));
}

TEST(KeyFile, RotationKeepsTheModeAndLeavesNoOtherFile) {
  const TestFolder folder;
  const std::string file = folder.write("keys", known_key_file());
  ASSERT_TRUE(Vault::rotate_keys(file));
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
}

TEST(KeyFile, TwoRotationsAtOnceAreRefused) {
  const TestFolder folder;
  const std::string file = folder.write("keys", known_key_file());
  folder.write("keys.new", "");
  EXPECT_FALSE(Vault::rotate_keys(file));
  EXPECT_EQ(text_of(file), known_key_file());
}

TEST(KeyFile, ReadsWhatItRenders) {
  const Keys keys = draw_keys(system_random());
  const auto read = parse_keys(render_keys(keys), "keys");
  ASSERT_TRUE(read);
  EXPECT_EQ(render_keys(*read), render_keys(keys));
}

TEST(KeyFile, OfANewerVersionIsRefused) {
  const auto read = parse_keys(replaced(known_key_file(), "version 1", "version 2"), "keys");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("newer"), std::string::npos);
}

TEST(KeyFile, ThatLacksAKeyIsRefused) {
  for (const std::string name : {"order-key", "payload", "fingerprint", "sign", "wrap-1"}) {
    EXPECT_FALSE(parse_keys(replaced(known_key_file(), name + " ", "# "), "keys")) << name;
  }
}

TEST(KeyFile, WithABadLineIsRefusedByItsNumberAndWithoutItsText) {
  const auto read =
      parse_keys(replaced(known_key_file(), "payload " + repeated("02"), "payload " + repeated("0g")), "keys");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("keys:4:"), std::string::npos);
  EXPECT_EQ(read.error().what.find("0g0g"), std::string::npos);
}

TEST(KeyFile, WithAKeyTwiceIsRefused) {
  EXPECT_FALSE(parse_keys(known_key_file() + "sign " + repeated("06") + "\n", "keys"));
  EXPECT_FALSE(parse_keys(known_key_file() + "wrap-1 " + repeated("06") + "\n", "keys"));
  EXPECT_FALSE(parse_keys(known_key_file() + "other " + repeated("06") + "\n", "keys"));
}

TEST(Secret, NeverPrintsItself) {
  const Secret secret = Secret::draw(system_random());
  std::stringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "[redacted]");
  EXPECT_EQ(fmt::format("{}", secret), "[redacted]");
}

}  // namespace
}  // namespace standin
