#include "net/forwarded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/net_limits.h"

namespace standin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> proxy_blocks{"10.0.0.0/8", "2001:db8:10::/48"};
const AddressBlocks our_proxies(proxy_blocks);

Headers fields(std::initializer_list<Headers::Field> list) {
  Headers headers;
  for (const auto& field : list) headers.add(field.name, field.value);
  return headers;
}

Origin from_proxy(std::initializer_list<Headers::Field> list) {
  return origin_of(fields(list), {.address = "10.0.0.1"}, our_proxies);
}

std::string told(Headers headers, const Origin& origin) {
  remove_forwarded(headers, origin.peer_trusted);
  add_forwarded(headers, origin);
  std::string text;
  for (const auto field : headers) text.append(field.name).append(": ").append(field.value).append("\n");
  return text;
}

TEST(Addresses, AreOneWhetherWrittenAsIpv4OrAsIpv6) {
  const auto address = IpAddress::parse("192.0.2.7");
  ASSERT_TRUE(address);
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.7"), address);
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.7")->text(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0::7")->text(), "2001:db8::7");
  for (const std::string_view no : {"", "192.0.2", "192.0.2.7 ", "shop", "fe80::1%eth0", "[::1]"}) {
    EXPECT_FALSE(IpAddress::parse(no)) << no;
  }
}

TEST(Addresses, LieInBlocksByTheirFirstBits) {
  const std::vector<std::string> list{"192.0.2.128/25", "2001:db8::/33", "198.51.100.7", "nonsense"};
  const AddressBlocks blocks(list);
  for (const std::string_view inside : {"192.0.2.128", "192.0.2.255", "2001:db8:7fff::1", "198.51.100.7"}) {
    EXPECT_TRUE(blocks.contain(*IpAddress::parse(inside))) << inside;
  }
  for (const std::string_view outside : {"192.0.2.127", "2001:db8:8000::1", "198.51.100.8", "::", "0.0.0.0"}) {
    EXPECT_FALSE(blocks.contain(*IpAddress::parse(outside))) << outside;
  }
  const std::vector<std::string> everything{"0.0.0.0/0"};
  EXPECT_TRUE(AddressBlocks(everything).contain(*IpAddress::parse("203.0.113.9")));
  EXPECT_FALSE(AddressBlocks(everything).contain(*IpAddress::parse("2001:db8::1")));
}

TEST(Forwarded, IsReadAsItsStandardWritesIt) {
  const auto hops =
      parse_forwarded(R"(for=192.0.2.43;proto=HTTP;by=203.0.113.43,, For="[2001:db8:cafe::17]:4711";host="a.b:80")");
  ASSERT_TRUE(hops);
  ASSERT_EQ(hops->size(), 2u);
  EXPECT_EQ((*hops)[0].node, "192.0.2.43");
  EXPECT_EQ((*hops)[0].proto, "http");
  EXPECT_EQ((*hops)[1].node, "2001:db8:cafe::17");
  EXPECT_EQ((*hops)[1].host, "a.b:80");
  EXPECT_EQ(parse_forwarded(R"(for="_gazonk:_port")")->front().node, "_gazonk");
  EXPECT_EQ(parse_forwarded("for=Unknown")->front().node, "unknown");
  EXPECT_EQ(parse_forwarded("proto=https")->front().node, "unknown");
  EXPECT_EQ(parse_forwarded(R"(for="192.0.2.4\3:80";secret="a\",b")")->front().node, "192.0.2.43");
}

TEST(Forwarded, IsNothingWhereAnyOfItIsMalformed) {
  for (const std::string_view bad : {"for=",
                                     "for",
                                     "=a",
                                     "for=192.0.2.43;",
                                     "for=192.0.2.43;for=192.0.2.44",
                                     "for=[2001:db8::1]",
                                     "for=2001:db8::1",
                                     R"(for="2001:db8::1")",
                                     R"(for="[192.0.2.1]")",
                                     R"(for="192.0.2.43)",
                                     R"(for="192.0.2.43\)",
                                     "for=192.0.2.43 b",
                                     "for = 192.0.2.43",
                                     R"(for="192.0.2.43:70000")",
                                     R"(for="192.0.2.43:")",
                                     "for=example.com",
                                     "for=_",
                                     "by=nobody",
                                     R"(host="a b")",
                                     "for=192.0.2.43; proto=http",
                                     "a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1"}) {
    EXPECT_FALSE(parse_forwarded(bad)) << bad;
  }
  std::string many = "for=192.0.2.1";
  for (std::size_t i = 1; i < limits::forwarded_hops; ++i) many += ",for=192.0.2.1";
  EXPECT_TRUE(parse_forwarded(many));
  EXPECT_FALSE(parse_forwarded(many + ",for=192.0.2.1"));
}

TEST(ForwardedFor, IsAnAddressWithAPortOrWithout) {
  EXPECT_EQ(parse_forwarded_for(" 192.0.2.7\t"), "192.0.2.7");
  EXPECT_EQ(parse_forwarded_for("192.0.2.7:1234"), "192.0.2.7");
  EXPECT_EQ(parse_forwarded_for("2001:DB8::7"), "2001:db8::7");
  EXPECT_EQ(parse_forwarded_for("[2001:db8::7]:443"), "2001:db8::7");
  EXPECT_EQ(parse_forwarded_for("unknown"), "unknown");
  for (const std::string_view bad :
       {"", "shop", "192.0.2.7:", "192.0.2.7:x", "[192.0.2.7]", "[2001:db8::7", "_hidden"}) {
    EXPECT_FALSE(parse_forwarded_for(bad)) << bad;
  }
}

TEST(Origin, OfAStrangerIsItsOwnAddressWhateverItSays) {
  const Headers headers = fields({{"Host", "shop.example:8080"},
                                  {"X-Forwarded-For", "198.51.100.1"},
                                  {"Forwarded", "for=198.51.100.1;proto=https"},
                                  {"x_forwarded_for", "198.51.100.1"},
                                  {"X-Forwarded-Prefix", "/admin"},
                                  {"Accept", "*/*"}});
  const Origin origin = origin_of(headers, {.address = "2001:db8::9"}, our_proxies);
  EXPECT_FALSE(origin.peer_trusted);
  EXPECT_EQ(origin.client(), "2001:db8::9");
  EXPECT_EQ(told(headers, origin),
            "Host: shop.example:8080\nAccept: */*\nX-Forwarded-For: 2001:db8::9\nX-Forwarded-Proto: http\n"
            "X-Forwarded-Host: shop.example:8080\n"
            "Forwarded: for=\"[2001:db8::9]\";proto=http;host=\"shop.example:8080\"\n");
}

TEST(Origin, OfAProxiesRequestIsTheLastAddressThatIsNoProxy) {
  const Origin origin =
      from_proxy({{"X-Forwarded-For", "198.51.100.66, 203.0.113.9"}, {"X-Forwarded-For", "10.2.0.1"}});
  EXPECT_THAT(origin.nodes, ElementsAre("203.0.113.9", "10.2.0.1", "10.0.0.1"));
  EXPECT_FALSE(origin.malformed);
}

TEST(Origin, OfAProxyItselfIsTheFirstOfTheChain) {
  EXPECT_THAT(from_proxy({}).nodes, ElementsAre("10.0.0.1"));
  EXPECT_EQ(from_proxy({{"X-Forwarded-For", "10.3.0.1, 10.2.0.1"}}).client(), "10.3.0.1");
}

TEST(Origin, IsReadFromForwardedWhereThereIsNothingElse) {
  const Origin origin = from_proxy({{"Host", "inner"},
                                    {"Forwarded",
                                     "for=198.51.100.66;proto=http, for=203.0.113.9;proto=https;host=shop.example, "
                                     "for=\"[2001:db8:10::5]:99\";proto=http"}});
  EXPECT_THAT(origin.nodes, ElementsAre("203.0.113.9", "2001:db8:10::5", "10.0.0.1"));
  EXPECT_EQ(origin.proto, "https");
  EXPECT_EQ(origin.host, "shop.example");
  EXPECT_EQ(from_proxy({{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=198.51.100.66"}}).client(),
            "203.0.113.9");
}

TEST(Origin, IsTheProxyItselfWhereWhatItSaysIsMalformed) {
  for (const Headers::Field bad :
       {Headers::Field{"X-Forwarded-For", "203.0.113.9, nonsense"}, Headers::Field{"X-Forwarded-For", ""},
        Headers::Field{"Forwarded", "for=203.0.113.9, for=\""}, Headers::Field{"X-Forwarded-Proto", "gopher"},
        Headers::Field{"X-Forwarded-Host", "a, b"}}) {
    const Origin origin = from_proxy({{"Host", "shop"}, bad});
    EXPECT_THAT(origin.nodes, ElementsAre("10.0.0.1")) << bad.name << ": " << bad.value;
    EXPECT_TRUE(origin.malformed && origin.peer_trusted) << bad.name;
    EXPECT_EQ(origin.proto + origin.host, "httpshop");
  }
}

TEST(Origin, IsNotHiddenByWhatAClientWritesBeforeIt) {
  const Origin origin = from_proxy({{"X-Forwarded-For", "\"<script>, 10.9.9.9 , 203.0.113.9"}});
  EXPECT_THAT(origin.nodes, ElementsAre("203.0.113.9", "10.0.0.1"));
  EXPECT_FALSE(origin.malformed);
}

TEST(Origin, IsUnknownOnAUnixSocketOfWhichNobodyTells) {
  const Origin silent = origin_of({}, {}, {});
  EXPECT_THAT(silent.nodes, IsEmpty());
  EXPECT_EQ(silent.client(), "");
  EXPECT_EQ(told({}, silent), "X-Forwarded-For: unknown\nX-Forwarded-Proto: http\nForwarded: for=unknown;proto=http\n");
  EXPECT_EQ(origin_of(fields({{"X-Forwarded-For", "203.0.113.9"}}), {}, {}).client(), "203.0.113.9");
}

TEST(Origin, IsPassedOnAsFarAsItIsVouchedFor) {
  const Headers headers = fields({{"X-Forwarded-For", "198.51.100.66, 203.0.113.9, 2001:db8:10::5"},
                                  {"X-Forwarded-Proto", "HTTPS"},
                                  {"X-Forwarded-Host", "shop.example"},
                                  {"X-Forwarded-Prefix", "/eu"},
                                  {"X_Forwarded_Prefix", "/us"},
                                  {"Forwarded", "for=198.51.100.66"}});
  EXPECT_EQ(told(headers, origin_of(headers, {.address = "10.0.0.1"}, our_proxies)),
            "X-Forwarded-Prefix: /eu\nX-Forwarded-For: 203.0.113.9, 2001:db8:10::5, 10.0.0.1\n"
            "X-Forwarded-Proto: https\nX-Forwarded-Host: shop.example\n"
            "Forwarded: for=203.0.113.9;proto=https;host=\"shop.example\", for=\"[2001:db8:10::5]\", for=10.0.0.1\n");
}

TEST(Via, CountsHowOftenWePassedARequestOn) {
  Headers headers = fields({{"Via", "1.0 fred, 1.1 standin (a comment)"}, {"Via", "1.1 standin,1.1 standin"}});
  EXPECT_EQ(times_passed_on(headers), 2u);
  add_via(headers);
  EXPECT_EQ(times_passed_on(headers), 3u);
  EXPECT_EQ(times_passed_on({}), 0u);
}

}  // namespace
}  // namespace standin
