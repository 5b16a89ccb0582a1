#include "route/redirect.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

std::optional<std::string> sent_to(const std::string& pattern, const std::string& host, const std::string& target) {
  Request request{.method = "GET", .target = target};
  if (!host.empty()) request.headers.add("Host", host);
  return redirect_location(pattern, request);
}

TEST(Redirect, KeepsHostPathAndQuery) {
  constexpr const char* https = "https://{host}{target}";
  EXPECT_EQ(sent_to(https, "shop.example", "/a?b=c&d[e]=f"), "https://shop.example/a?b=c&d[e]=f");
  EXPECT_EQ(sent_to(https, "shop.example:8080", "/"), "https://shop.example/");
  EXPECT_EQ(sent_to(https, "[2001:db8::1]:8080", "/"), "https://[2001:db8::1]/");
  EXPECT_EQ(sent_to("https://{host}:8443{target}", "shop", "/a"), "https://shop:8443/a");
}

TEST(Redirect, ToAPlaceOfItsOwn) {
  EXPECT_EQ(sent_to("https://www.example/new{target}", "old", "/a"), "https://www.example/new/a");
  EXPECT_EQ(sent_to("https://www.example/closed", "old", "/a"), "https://www.example/closed");
}

TEST(Redirect, NoTargetLeadsToAnotherHost) {
  EXPECT_EQ(sent_to("https://shop{target}", "x", "//evil.example/"), "https://shop//evil.example/");
  EXPECT_EQ(sent_to("https://shop{target}", "x", "/\\evil.example"), "https://shop/%5Cevil.example");
  EXPECT_EQ(sent_to("https://shop{target}", "x", "@evil.example"), "https://shop/");
  EXPECT_EQ(sent_to("https://shop{target}", "x", "*"), "https://shop/");
}

TEST(Redirect, WhatAUrlMayNotHoldIsEncoded) {
  EXPECT_EQ(sent_to("https://{host}{target}", "a\"b", "/\"<{host}>\xc3\xa9|%41"),
            "https://a%22b/%22%3C%7Bhost%7D%3E%C3%A9%7C%41");
}

TEST(Redirect, WithoutAHostThereIsNowhereToGo) {
  EXPECT_EQ(sent_to("https://{host}{target}", "", "/"), std::nullopt);
  EXPECT_EQ(sent_to("https://shop{target}", "", "/"), "https://shop/");
}

}  // namespace
}  // namespace standin
