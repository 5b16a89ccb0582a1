#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "config/config.h"

namespace standin {

/// The smallest configuration with a protected route, as sections that a test may replace.
struct Sample {
  std::string process = "[journal]\nurl = \"sqlite:j/journal.db\"\nkey_file = \"j/keys\"\n";
  std::string upstream =
      "[upstream.shop]\ntargets = [\"http://127.0.0.1:3000\"]\n"
      "duplicates = { kind = \"keyed\", window = \"forever\" }\n"
      "finder = { request = \"GET /orders?key={{order_key}}\" }\n"
      "reversal = { request = \"POST /orders/{{upstream_reference}}/cancel\" }\n";
  std::string route =
      "[[route]]\nname = \"orders\"\nmatch = \"POST /orders\"\nupstream = \"shop\"\nstand_in = \"order\"\n"
      "key = \"Idempotency-Key\"\ntenant = \"merchant\"\n";
  std::string stand_in =
      "[stand_in.order]\nfacts = { amount = \"/total\", currency = \"/currency\", merchant = \"/merchant\" }\n"
      "amount_unit = \"minor\"\napprove = { status = 201 }\ndecline = { status = 422 }\n"
      "unavailable = { status = 503 }\nexpect = { status = [201], pointer = \"/id\" }\npolicy = \"default\"\n";
  std::string policy = "[policy.default]\nfloor_limit = { USD = \"25.00\" }\nexposure = { total = \"5000.00 USD\" }\n";

  std::string text() const { return process + upstream + route + stand_in + policy; }
};

/// The same in front of payment gateways.
struct GatewaySample {
  std::string process = "[journal]\nurl = \"sqlite:j/journal.db\"\nkey_file = \"j/keys\"\n";
  std::string upstream =
      "[upstream.cardgate]\ndialect = \"usaepay\"\ncurrency = \"USD\"\n"
      "targets = [\"https://www-01.gateway.example/gate\", \"https://www-02.gateway.example/gate\"]\n"
      "duplicates = { kind = \"folded\", window = \"10m\" }\nreversal = \"void\"\nfinder = {}\n";
  std::string backup =
      "[upstream.backupgate]\ndialect = \"stripe\"\ntargets = [\"https://api.gateway2.example\"]\n"
      "duplicates = { kind = \"keyed\", window = \"24h\" }\nreversal = \"void\"\nfinder = {}\n";
  std::string route =
      "[[route]]\nname = \"till\"\nmatch = \"POST /gate\"\ndialect = \"usaepay\"\nupstream = \"cardgate\"\n"
      "stand_in = { policy = \"till\" }\nidempotency = \"journalled\"\n"
      "key = [\"reference\", \"amount\", \"command\", \"card\"]\n";
  std::string backup_route =
      "[[route]]\nname = \"payments\"\nmatch = \"/v1/*\"\ndialect = \"stripe\"\nupstream = \"backupgate\"\n"
      "stand_in = { policy = \"till\" }\nkey = \"Idempotency-Key\"\n";
  std::string policy = "[policy.till]\nfloor_limit = { USD = \"100.00\" }\nexposure = { total = \"5000.00 USD\" }\n";

  std::string text() const { return process + upstream + route + policy; }
  /// Both parties, the second with credentials, and both routes.
  std::string text_of_both(const std::string& credentials_file) const {
    return process + upstream + backup + "credentials_file = \"" + credentials_file + "\"\n" + route + backup_route +
           policy;
  }
};

/// A folder of the test's own, empty.
inline std::string fresh_folder(const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

/// Readable by its owner alone, unless `mode` says otherwise.
inline void write_secret(const std::string& path, std::string_view text, unsigned mode = 0600) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms(mode));
}

/// `text` with the first `from` replaced; fails the test if there is none.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The configuration, or an empty one and a failed test.
inline Config parsed(const std::string& text, const std::string& file = "/etc/standin/standin.toml") {
  auto config = parse_config(text, file);
  EXPECT_TRUE(config) << (config ? "" : config.error().what);
  return config ? std::move(*config) : Config{};
}

/// What is wrong with `text`; "" if nothing is.
inline std::string problems_of(const std::string& text, const std::string& file = "standin.toml") {
  const auto config = parse_config(text, file);
  return config ? "" : config.error().what;
}

}  // namespace standin
