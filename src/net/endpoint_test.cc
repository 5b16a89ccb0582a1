#include <gtest/gtest.h>

#include "net/client.h"

namespace standin {
namespace {

TEST(Endpoint, ReadsHostPortAndPath) {
  const auto endpoint = Endpoint::parse("http://shop.internal:3000/base/");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "shop.internal");
  EXPECT_EQ(endpoint->port, 3000);
  EXPECT_EQ(endpoint->base_path, "/base");
  EXPECT_EQ(endpoint->url, "http://shop.internal:3000/base/");
}

TEST(Endpoint, DefaultsToPort80AndNoPath) {
  const auto endpoint = Endpoint::parse("http://[::1]/");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "::1");
  EXPECT_EQ(endpoint->port, 80);
  EXPECT_EQ(endpoint->base_path, "");
}

TEST(Endpoint, TlsDefaultsToPort443) {
  const auto endpoint = Endpoint::parse("https://www-01.gateway.example/gate");
  ASSERT_TRUE(endpoint);
  EXPECT_TRUE(endpoint->tls);
  EXPECT_EQ(endpoint->host, "www-01.gateway.example");
  EXPECT_EQ(endpoint->port, 443);
  EXPECT_EQ(endpoint->base_path, "/gate");
  EXPECT_EQ(Endpoint::parse("https://a:4443")->port, 4443);
  EXPECT_FALSE(Endpoint::parse("http://a:443")->tls);
}

TEST(Endpoint, ReadsAUnixSocket) {
  const auto endpoint = Endpoint::parse("unix:/run/shop.sock");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->host, "/run/shop.sock");
  EXPECT_EQ(endpoint->port, 0);
}

TEST(Endpoint, RefusesWhatItCannotConnectTo) {
  for (const auto* url :
       {"", "shop", "ftp://a", "https://", "https://a?x", "http://", "http://a:", "http://a:0", "http://a:65536",
        "http://a:8x", "http://u:p@a", "http://a b", "http://[::1", "http://a/?x", "unix:relative"}) {
    EXPECT_FALSE(Endpoint::parse(url)) << url;
  }
}

}  // namespace
}  // namespace standin
