#include "cache/fallback_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "net/body.h"

namespace standin {
namespace {

using testing::ElementsAre;

using Path = std::optional<std::vector<std::string>>;

TEST(FilePath, IsDecodedSegmentBySegment) {
  EXPECT_THAT(file_path("/a/b%20c.html"), testing::Optional(ElementsAre("a", "b c.html")));
  EXPECT_THAT(file_path("/"), testing::Optional(ElementsAre("index.html")));
  EXPECT_THAT(file_path("/a/"), testing::Optional(ElementsAre("a", "index.html")));
}

TEST(FilePath, LeadsNowhereElse) {
  for (const char* path : {"",        "a",           "*",          "/..",          "/../etc/passwd",
                           "/a/../b", "/a/..",       "/%2e%2e/b",  "/.%2e/b",      "/.git/config",
                           "/a/.env", "/%2ehidden",  "/./a",       "//etc/passwd", "/a//b",
                           "/a%2fb",  "/a%2F..%2Fb", "/a%00.html", "/a\\..\\b",    "/a%5c..%5cb",
                           "/a%",     "/a%2",        "/a%zz",      "/..%c0%af"}) {
    EXPECT_EQ(file_path(path), Path()) << path;
  }
  EXPECT_EQ(file_path("/" + std::string(100, '/')), Path());
}

/// A folder with a file outside that must not be reached.
struct FallbackFolder : testing::Test {
  TestFolder all;
  std::string folder = all.file("site");

  FallbackFolder() {
    std::filesystem::create_directories(folder + "/shop/empty");
    write("index.html", "<h1>closed</h1>");
    write("shop/index.html", "shop");
    write("shop/logo.SVG", "<svg/>");
    write("shop/noending", "?");
    write("large.bin", std::string(200'000, 'l'));
    write(".htpasswd", "secret");
    std::ofstream(all.file("outside.html")) << "secret";
    std::filesystem::create_symlink(all.file("outside.html"), folder + "/link.html");
    std::filesystem::create_directory_symlink(all.file(""), folder + "/up");
    std::filesystem::create_symlink("index.html", folder + "/inside.html");
    mkfifo((folder + "/pipe.html").c_str(), 0600);
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder + "/" + name) << text; }

  std::optional<Response> ask(const std::string& target, const std::string& method = "GET",
                              Headers headers = {}) const {
    return fallback_file(folder, {.method = method, .target = target, .headers = std::move(headers)});
  }
  static Task<> read_all(std::shared_ptr<BodySource> body, std::string& all_of_it) {
    while (true) {
      const auto piece = co_await body->next();
      if (!piece || piece->empty()) co_return;
      all_of_it += *piece;
    }
  }
  std::string body_of(const std::string& target) const {
    const auto response = ask(target);
    if (!response) return "(none)";
    std::string text = response->body;
    boost::asio::io_context context;
    if (response->rest) {
      spawn(context.get_executor(), read_all(response->rest, text));
      context.run();
    }
    return text;
  }
};

TEST_F(FallbackFolder, AnswersWithItsFiles) {
  EXPECT_EQ(body_of("/index.html"), "<h1>closed</h1>");
  EXPECT_EQ(body_of("/?utm=1"), "<h1>closed</h1>");
  EXPECT_EQ(body_of("/shop"), "shop");
  EXPECT_EQ(body_of("/shop/"), "shop");
  EXPECT_EQ(body_of("/large.bin"), std::string(200'000, 'l'));
}

TEST_F(FallbackFolder, ReachesNothingElse) {
  for (const char* target :
       {"/link.html", "/up/outside.html", "/inside.html", "/pipe.html", "/.htpasswd", "/shop/empty", "/nothing.html",
        "/shop/index.html/x", "/../outside.html", "/%2e%2e/outside.html"}) {
    EXPECT_FALSE(ask(target)) << target;
  }
  EXPECT_FALSE(ask("/index.html", "POST"));
  EXPECT_FALSE(fallback_file(folder + "/gone", {.method = "GET", .target = "/index.html"}));
}

TEST_F(FallbackFolder, SaysWhatItIsAndThatNobodyMayKeepIt) {
  const auto response = ask("/shop/logo.SVG");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.find("Content-Type"), "image/svg+xml");
  EXPECT_EQ(response->headers.find("Content-Length"), "6");
  EXPECT_EQ(response->headers.find("Cache-Control"), "no-cache");
  EXPECT_EQ(response->headers.find("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(ask("/shop")->headers.find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(ask("/large.bin")->headers.find("Content-Type"), "application/octet-stream");
}

TEST_F(FallbackFolder, AHeadHasNoBody) {
  const auto response = ask("/index.html", "HEAD");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->rest, nullptr);
  EXPECT_EQ(response->headers.find("Content-Length"), "15");
}

TEST_F(FallbackFolder, AClientThatHasItIsToldSo) {
  const auto first = ask("/index.html");
  Headers by_tag;
  by_tag.add("If-None-Match", *first->headers.find("ETag"));
  EXPECT_EQ(ask("/index.html", "GET", by_tag)->status, 304);
  Headers by_date;
  by_date.add("If-Modified-Since", *first->headers.find("Last-Modified"));
  EXPECT_EQ(ask("/index.html", "GET", by_date)->status, 304);
  write("index.html", "<h1>open</h1>");
  EXPECT_EQ(ask("/index.html", "GET", by_tag)->status, 200);
}

}  // namespace
}  // namespace standin
