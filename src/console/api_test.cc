#include "console/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "console/public_console.h"
#include "console/test_ports.h"

namespace standin {
namespace {

using testing::HasSubstr;

/// Every "METHOD path" in docs/api.yaml: paths are the lines two spaces in that start with "/", methods those under
/// them.
std::set<std::string> documented() {
  std::set<std::string> operations;
  std::ifstream file(STANDIN_SOURCE_DIR "/docs/api.yaml");
  std::string path;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("  /")) path = line.substr(2, line.size() - 3);
    for (const std::string_view method : {"get", "put", "post", "delete", "patch"}) {
      if (line != "    " + std::string(method) + ":") continue;
      std::string upper(method);
      std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      operations.insert(upper + " " + path);
    }
  }
  return operations;
}

std::set<std::string> answered() {
  std::set<std::string> operations;
  for (const ApiOperation& operation : Api::operations()) {
    operations.insert(std::string(operation.method) + " " + std::string(operation.path));
  }
  for (const ApiOperation& operation : PublicApi::operations()) {
    operations.insert(std::string(operation.method) + " " + std::string(operation.path));
  }
  return operations;
}

TEST(Api, TheDocumentNamesExactlyWhatIsAnswered) { EXPECT_EQ(documented(), answered()); }

TEST(Api, EveryOperationReachesItsHandler) {
  for (const ApiOperation& operation : Api::operations()) {
    ConsoleWorld world;
    std::string path(operation.path);
    if (const auto brace = path.find('{'); brace != std::string::npos)
      path.replace(brace, path.find('}') + 1 - brace, "x");
    const Asked asked = world.ask(std::string(operation.method), path);
    EXPECT_NE(asked.status(), 405) << path;
    if (asked.status() == 404) EXPECT_THAT(asked.detail(), testing::Not(HasSubstr("api.yaml"))) << path;
  }
}

TEST(Api, AnUnknownPathIs404) {
  ConsoleWorld world;
  for (const auto* path : {"/", "/api/v1", "/api/v1/", "/api/v1/order", "/api/v1/orders/", "/api/v1/orders/a/b"}) {
    const Asked asked = world.ask("GET", path);
    EXPECT_NE(asked.status(), 200) << path;
    EXPECT_EQ(media_type(asked.response.headers), "application/problem+json") << path;
  }
  EXPECT_EQ(world.ask("GET", "/api/v1/order").status(), 404);
}

TEST(Api, AWrongMethodIs405AndSaysWhichAreAllowed) {
  ConsoleWorld world;
  const Asked asked = world.ask("DELETE", "/api/v1/replay");
  EXPECT_EQ(asked.status(), 405);
  EXPECT_EQ(asked.response.headers.find("Allow"), "GET, POST");
}

TEST(Api, BrokenJsonIs400AndChangesNothing) {
  ConsoleWorld world;
  for (const auto* body : {"{", "[]", "\"all\"", "{\"all\":true} x"}) {
    const Asked asked = world.ask("POST", "/api/v1/replay", body);
    EXPECT_EQ(asked.status(), 400) << body;
    EXPECT_THAT(asked.detail(), HasSubstr("JSON object")) << body;
  }
  EXPECT_TRUE(world.replay.started.empty());
}

TEST(Api, AMisspelledFieldIs400AndNamesTheRightOne) {
  ConsoleWorld world;
  const Asked asked = world.ask("POST", "/api/v1/replay", R"({"rout":"orders"})");
  EXPECT_EQ(asked.status(), 400);
  EXPECT_THAT(asked.detail(), HasSubstr("did you mean 'route'?"));
}

TEST(Api, AJournalThatCannotBeReadIs503) {
  ConsoleWorld world;
  world.journal.failing = true;
  const Asked asked = world.ask("GET", "/api/v1/orders");
  EXPECT_EQ(asked.status(), 503);
  EXPECT_THAT(asked.detail(), HasSubstr("the disk is gone"));
}

TEST(Api, WhatAClientWroteCannotMakeTheAnswerInvalidUtf8) {
  ConsoleWorld world;
  world.journal.order_rows.push_back({.facts = {.customer = "a\xff"}});
  const Asked asked = world.ask("GET", "/api/v1/orders");
  ASSERT_EQ(asked.status(), 200);
  EXPECT_EQ(asked.json.at("orders").at(0).at("customer"), "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace standin
