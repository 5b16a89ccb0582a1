#include "vault/vault.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "vault/test_keys.h"

namespace standin {
namespace {

Vault test_vault() {
  static const TestFolder folder;
  static const std::string file = folder.write("journal.keys", known_key_file());
  return *Vault::load(file);
}

TEST(Vault, OpensWhatItSealed) {
  const Vault vault = test_vault();
  for (const std::string& plain :
       {std::string(), std::string("x"), std::string(100'000, 'z'), std::string("a\0b", 3)}) {
    const Sealed sealed = vault.seal(plain, "order 1");
    EXPECT_EQ(*vault.open(sealed, "order 1"), plain);
  }
}

TEST(Vault, SealsNothingInClear) {
  const Sealed sealed = test_vault().seal("4111111111111111", "order 1");
  EXPECT_EQ(sealed.ciphertext.find("4111"), std::string::npos);
  EXPECT_EQ(sealed.ciphertext.size(), 12u + 16u + 16u);
  EXPECT_EQ(sealed.wrapped_key.size(), 12u + 32u + 16u);
}

TEST(Vault, SealsTheSameTextDifferentlyEachTime) {
  const Vault vault = test_vault();
  std::set<std::string> ciphertexts, wrapped_keys;
  for (int i = 0; i < 100; ++i) {
    const Sealed sealed = vault.seal("same", "same");
    ciphertexts.insert(sealed.ciphertext);
    wrapped_keys.insert(sealed.wrapped_key);
  }
  EXPECT_EQ(ciphertexts.size(), 100u);
  EXPECT_EQ(wrapped_keys.size(), 100u);
}

TEST(Vault, RefusesARecordUnderAnotherContext) {
  const Vault vault = test_vault();
  EXPECT_FALSE(vault.open(vault.seal("plain", "order 1"), "order 2"));
}

TEST(Vault, RefusesARecordWithAnyByteChanged) {
  const Vault vault = test_vault();
  const Sealed sealed = vault.seal("plain", "order 1");
  for (std::size_t at = 0; at < sealed.ciphertext.size(); ++at) {
    Sealed changed = sealed;
    changed.ciphertext[at] ^= 1;
    EXPECT_FALSE(vault.open(changed, "order 1")) << "ciphertext byte " << at;
  }
  for (std::size_t at = 0; at < sealed.wrapped_key.size(); ++at) {
    Sealed changed = sealed;
    changed.wrapped_key[at] ^= 1;
    EXPECT_FALSE(vault.open(changed, "order 1")) << "wrapped key byte " << at;
  }
}

TEST(Vault, RefusesARecordCutShort) {
  const Vault vault = test_vault();
  const Sealed sealed = vault.seal("plain", "order 1");
  for (std::size_t size = 0; size < sealed.ciphertext.size(); ++size) {
    EXPECT_FALSE(vault.open({sealed.key_id, sealed.wrapped_key, sealed.ciphertext.substr(0, size)}, "order 1"));
  }
  for (std::size_t size = 0; size < sealed.wrapped_key.size(); ++size) {
    EXPECT_FALSE(vault.open({sealed.key_id, sealed.wrapped_key.substr(0, size), sealed.ciphertext}, "order 1"));
  }
}

TEST(Vault, RefusesTheKeyOfAnotherRecord) {
  const Vault vault = test_vault();
  Sealed first = vault.seal("first", "order 1");
  first.wrapped_key = vault.seal("second", "order 1").wrapped_key;
  EXPECT_FALSE(vault.open(first, "order 1"));
}

TEST(Vault, RefusesARecordOfOtherKeys) {
  const Sealed sealed = test_vault().seal("plain", "order 1");
  EXPECT_FALSE(Vault::ephemeral(system_random()).open(sealed, "order 1"));
}

TEST(Vault, NamesTheKeyThatIsMissing) {
  Sealed sealed = test_vault().seal("plain", "order 1");
  sealed.key_id = 77;
  const auto opened = test_vault().open(sealed, "order 1");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("wrap-77"), std::string::npos);
}

TEST(Vault, CannotOpenAShreddedRecord) {
  Sealed sealed = test_vault().seal("plain", "order 1");
  sealed.wrapped_key.clear();
  EXPECT_FALSE(test_vault().open(sealed, "order 1"));
}

// printf 'acme\norders\nk-1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101...01 (32 times 01)
TEST(Vault, OrderKeyIsTheDocumentedFormula) {
  EXPECT_EQ(test_vault().order_key("acme", "orders", "k-1").text(),
            "578d75ce0b319cf6b7f5800f293a61e5d0fb1c6a0b9e2eb13377a6d1c5f1a812");
}

// The same command with 02...02 and 'total=100', 03...03 and '4111111111111111', 04...04 and 'replay'.
TEST(Vault, DigestsAreTheDocumentedFormulas) {
  const Vault vault = test_vault();
  EXPECT_EQ(vault.payload_digest("total=100").hex(),
            "37fbc7b5d1c0ae2ebf1dd2c3a9a4a64e858d5bafe5be293e11bb075d9351c42a");
  EXPECT_EQ(vault.fingerprint("4111111111111111"), "ff87b31ac77994ec");
  EXPECT_EQ(vault.sign("replay"), "e7be56d81c3d9e40d1e7f0c97843fef1da7d3668f8ec2e10bba801431e977472");
}

TEST(Vault, OrderKeysOfTenantsRoutesAndIntentsDiffer) {
  const Vault vault = test_vault();
  EXPECT_NE(vault.order_key("acme", "orders", "k-1"), vault.order_key("other", "orders", "k-1"));
  EXPECT_NE(vault.order_key("acme", "orders", "k-1"), vault.order_key("acme", "till", "k-1"));
  EXPECT_NE(vault.order_key("acme", "orders", "k-1"), vault.order_key("acme", "orders", "k-2"));
}

TEST(Vault, DigestsDoNotDependOnWhatWasDigestedBefore) {
  std::vector<Vault> vaults;
  std::vector<std::string> first;
  for (int i = 0; i < 7; ++i) {
    vaults.push_back(Vault::ephemeral(system_random()));
    first.push_back(vaults.back().sign("replay"));
    EXPECT_NE(vaults.back().fingerprint("replay"), first.back().substr(0, 16));
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < vaults.size(); ++i) EXPECT_EQ(vaults[i].sign("replay"), first[i]);
  }
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), first.size());
}

TEST(Vault, IsSharedByThreads) {
  const Vault vault = test_vault();
  const OrderKey expected = vault.order_key("acme", "orders", "k-1");
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const std::string plain = std::to_string(i);
        right +=
            vault.open(vault.seal(plain, "c"), "c") == plain && vault.order_key("acme", "orders", "k-1") == expected;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace standin
