#include "config/config_test_support.h"
#include "config/route_match.h"

namespace standin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// The sample with another route, written after its name and match.
std::string with_route(const std::string& lines, const std::string& match = "*") {
  Sample sample;
  sample.route += "[[route]]\nname = \"pages\"\nmatch = \"" + match + "\"\n" + lines;
  return sample.text();
}
const RouteConfig& pages(const Config& config) {
  return *std::ranges::find(config.routes, "pages", &RouteConfig::name);
}

TEST(FrontDoor, ACacheHasItsDefaults) {
  const Config config = parsed(with_route("upstream = \"shop\"\ncache = { fresh = \"60s\" }\n"));
  const auto cache = pages(config).cache;
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->fresh, 60s);
  EXPECT_EQ(cache->stale_while_revalidate, 0s);
  EXPECT_EQ(cache->stale_if_error, 24h);
  EXPECT_EQ(cache->bytes_max, 64u << 20);
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_FALSE(pages(parsed(with_route("upstream = \"shop\"\n"))).cache);
}

TEST(FrontDoor, ACacheIsForReadsWithoutStandIn) {
  EXPECT_THAT(problems_of(with_route("upstream = \"shop\"\ncache = {}\n", "POST /x")),
              HasSubstr("'cache' is for GET and HEAD, and this route matches POST alone"));
  Sample sample;
  sample.route += "cache = {}\nfallback_files = \"/\"\n";
  EXPECT_THAT(problems_of(sample.text()), AllOf(HasSubstr("'cache' is for a route without stand_in"),
                                                HasSubstr("'fallback_files' is for a route without stand_in")));
}

TEST(FrontDoor, ACacheHasRoomForSomething) {
  EXPECT_THAT(problems_of(with_route("upstream = \"shop\"\ncache = { size = \"10KiB\" }\n")),
              HasSubstr("a cache of 10KiB holds nothing worth having: at least 1MiB"));
}

TEST(FrontDoor, FallbackFilesAreInAFolder) {
  EXPECT_THAT(problems_of(with_route("upstream = \"shop\"\nfallback_files = \"/nowhere\"\n")),
              HasSubstr("'route.fallback_files': '/nowhere' is not a folder"));
}

TEST(FrontDoor, ARedirectHasNoUpstream) {
  const Config config = parsed(with_route("redirect = \"https://{host}{target}\"\n"));
  EXPECT_EQ(pages(config).redirect, "https://{host}{target}");
  EXPECT_EQ(pages(config).redirect_status, 308);
  EXPECT_THAT(pages(config).all_upstreams(), IsEmpty());
  EXPECT_THAT(describe(config), HasSubstr("redirect = \"https://{host}{target}\"\nredirect_status = 308\n"));
  EXPECT_THAT(problems_of(with_route("redirect = \"https://{host}{target}\"\nupstream = \"shop\"\ncache = {}\n")),
              AllOf(HasSubstr("'upstream' means nothing beside 'redirect'"),
                    HasSubstr("'cache' means nothing beside 'redirect'")));
}

TEST(FrontDoor, ARedirectToTlsIsNotForWhoCameUnderIt) {
  const Config config = parsed(with_route("redirect = \"https://{host}{target}\"\n") +
                               "[[route]]\nname = \"rest\"\nmatch = \"*\"\nupstream = \"shop\"\n");
  EXPECT_EQ(match_route(config, "shop", "GET", "/", false)->name, "pages");
  EXPECT_EQ(match_route(config, "shop", "GET", "/", true)->name, "rest");
  EXPECT_EQ(match_route(config, "shop", "POST", "/orders", false)->name, "orders");
  const Config elsewhere = parsed(with_route("redirect = \"https://www.example{target}\"\n"));
  EXPECT_EQ(match_route(elsewhere, "shop", "GET", "/", true)->name, "pages");
}

TEST(FrontDoor, ARouteWithoutEitherLeadsNowhere) {
  EXPECT_THAT(problems_of(with_route("")), HasSubstr("route 'pages': it has no 'upstream', and no 'redirect'"));
  EXPECT_THAT(problems_of(with_route("upstream = \"shop\"\nredirect_status = 301\n")),
              HasSubstr("'redirect_status' without a 'redirect'"));
  EXPECT_THAT(problems_of(with_route("redirect = \"https://a\"\nredirect_status = 304\n")),
              HasSubstr("304 is not a redirect"));
}

TEST(FrontDoor, ARedirectNamesItsHostOrTakesTheRequestsAndNothingElse) {
  for (const char* good : {"https://{host}{target}", "https://shop.example{target}", "http://{host}:8443/a{target}",
                           "https://shop.example", "https://shop.example/closed?x=1"}) {
    EXPECT_THAT(problems_of(with_route(std::string("redirect = \"") + good + "\"\n")), IsEmpty()) << good;
  }
  for (const char* bad : {"{target}", "/{target}", "//{host}{target}", "https://{target}", "https://a{host}/",
                          "https://{host}/{target}/x", "https://{path}", "ftp://{host}{target}", "https://",
                          "https://user@{host}{target}", "https://{host}.evil.example{target}", "https://a b/"}) {
    EXPECT_THAT(problems_of(with_route(std::string("redirect = \"") + bad + "\"\n")),
                HasSubstr("is not a place to go to"))
        << bad;
  }
}

}  // namespace
}  // namespace standin
