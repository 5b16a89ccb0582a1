#include "config/route_match.h"

#include "config/config_test_support.h"

namespace standin {
namespace {

using testing::HasSubstr;

/// A configuration of plain routes, named after their matches.
Config routes(const std::vector<std::string>& matches) {
  std::string text = Sample().process + "[upstream.shop]\ntargets = [\"http://127.0.0.1:3000\"]\n";
  for (std::size_t i = 0; i < matches.size(); ++i) {
    text += "[[route]]\nname = \"r" + std::to_string(i) + "\"\nmatch = \"" + matches[i] + "\"\nupstream = \"shop\"\n";
  }
  return parsed(text);
}

std::string matched(const Config& config, std::string_view host, std::string_view method, std::string_view path) {
  const RouteConfig* route = match_route(config, host, method, path);
  return route == nullptr ? "none" : match_text(*route);
}

TEST(RouteMatch, IsByTheRawBytesOfThePath) {
  const Config config = routes({"POST /orders"});
  EXPECT_EQ(matched(config, "", "POST", "/orders"), "POST /orders");
  for (const char* path : {"/orders/", "/Orders", "/orders//", "//orders", "/./orders", "/x/../orders", "/%6frders",
                           "/orders%2f", "/orders%00", "/order", "/orders2", ""}) {
    EXPECT_EQ(matched(config, "", "POST", path), "none") << path;
  }
}

TEST(RouteMatch, IsByTheExactMethod) {
  const Config config = routes({"POST /orders"});
  EXPECT_EQ(matched(config, "", "post", "/orders"), "none");
  EXPECT_EQ(matched(config, "", "GET", "/orders"), "none");
}

TEST(RouteMatch, APrefixEndsAtASlash) {
  const Config config = routes({"GET /static/*"});
  EXPECT_EQ(matched(config, "", "GET", "/static/a/b.css"), "GET /static/*");
  EXPECT_EQ(matched(config, "", "GET", "/static/"), "GET /static/*");
  EXPECT_EQ(matched(config, "", "GET", "/static"), "none");
  EXPECT_EQ(matched(config, "", "GET", "/static2/a"), "none");
  EXPECT_EQ(matched(config, "", "GET", "/static%2fa"), "none");
}

TEST(RouteMatch, AStarTakesTheRest) {
  const Config config = routes({"*", "POST /orders"});
  EXPECT_EQ(matched(config, "shop.example", "DELETE", "/anything"), "*");
  EXPECT_EQ(matched(config, "shop.example", "OPTIONS", "*"), "*");
  EXPECT_EQ(matched(config, "shop.example", "POST", "/orders"), "POST /orders");
}

TEST(RouteMatch, TheMostSpecificWinsWhateverTheOrderOfTheFile) {
  const Config config = routes({"*", "/a/*", "GET /*", "/a/b/c", "GET /a/*", "shop.example/*", "GET shop.example/*"});
  EXPECT_EQ(matched(config, "other", "PUT", "/z"), "*");
  EXPECT_EQ(matched(config, "other", "PUT", "/a/z"), "/a/*");
  EXPECT_EQ(matched(config, "other", "PUT", "/a/b/c"), "/a/b/c");
  EXPECT_EQ(matched(config, "other", "GET", "/a/b/c"), "GET /a/*");
  EXPECT_EQ(matched(config, "other", "GET", "/z"), "GET /*");
  EXPECT_EQ(matched(config, "shop.example", "PUT", "/a/b/c"), "shop.example/*");
  EXPECT_EQ(matched(config, "shop.example", "GET", "/a/b/c"), "GET shop.example/*");
}

TEST(RouteMatch, AnExactPathWinsOverAPrefixAsLong) {
  const Config config = routes({"/orders/*", "/orders/"});
  EXPECT_EQ(matched(config, "", "GET", "/orders/"), "/orders/");
  EXPECT_EQ(matched(config, "", "GET", "/orders/1"), "/orders/*");
}

TEST(RouteMatch, HostsCompareWithoutCaseAndPort) {
  const Config config = routes({"Shop.Example/a"});
  EXPECT_EQ(matched(config, "SHOP.example:8080", "GET", "/a"), "shop.example/a");
  EXPECT_EQ(matched(config, "shop.example", "GET", "/a"), "shop.example/a");
  EXPECT_EQ(matched(config, "shop.example.evil", "GET", "/a"), "none");
  EXPECT_EQ(matched(config, "[::1]", "GET", "/a"), "none");
}

TEST(RouteMatch, MalformedMatchesSayWhatIsAllowed) {
  EXPECT_THAT(parse_match("orders").error().what, HasSubstr("has no path"));
  EXPECT_THAT(parse_match("post /orders").error().what, HasSubstr("did you mean 'POST'?"));
  EXPECT_THAT(parse_match("GET /a*").error().what, HasSubstr("a '*' stands alone, or after the last '/'"));
  EXPECT_THAT(parse_match("GET /a/*/b").error().what, HasSubstr("a '*' stands alone"));
  EXPECT_THAT(parse_match("GET /a?b=1").error().what, HasSubstr("no '?'"));
  EXPECT_THAT(parse_match("shop.example:80/a").error().what, HasSubstr("without a port"));
  EXPECT_FALSE(parse_match(""));
  EXPECT_FALSE(parse_match(" "));
  EXPECT_FALSE(parse_match("GET  "));
}

}  // namespace
}  // namespace standin
