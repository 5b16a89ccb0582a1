#include "cache/cache_control.h"

#include <gtest/gtest.h>

namespace standin {
namespace {

using namespace std::chrono_literals;

CacheControl said(std::string_view value) {
  Headers headers;
  headers.add("Cache-Control", value);
  return cache_control_of(headers);
}

TEST(CacheControl, ReadsTimesInSecondsQuotedOrNot) {
  for (const char* value : {"max-age=60", "MAX-AGE=60", "public , max-age=60", "max-age=\"60\"", ",,max-age=60,"}) {
    EXPECT_EQ(said(value).max_age, Duration(60s)) << value;
  }
  EXPECT_EQ(said("s-maxage=5").s_maxage, Duration(5s));
  EXPECT_EQ(said("min-fresh=5").min_fresh, Duration(5s));
  EXPECT_EQ(said("stale-while-revalidate=5").stale_while_revalidate, Duration(5s));
  EXPECT_EQ(said("stale-if-error=5").stale_if_error, Duration(5s));
}

TEST(CacheControl, ATimeThatIsNoneIsZero) {
  for (const char* value :
       {"max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=1m", "max-age=\"", "max-age=''"}) {
    const CacheControl says = said(value);
    EXPECT_TRUE(says.no_store || says.max_age == Duration::zero()) << value;
  }
}

TEST(CacheControl, ATimeBeyondAllReasonIsCapped) {
  EXPECT_EQ(said("max-age=99999999999999999999999999").max_age, Duration(2'147'483'648s));
}

TEST(CacheControl, OfTwoTimesTheShorterCounts) {
  EXPECT_EQ(said("max-age=60, max-age=5").max_age, Duration(5s));
  Headers headers;
  headers.add("Cache-Control", "max-age=5");
  headers.add("cache-control", "max-age=60, public");
  EXPECT_EQ(cache_control_of(headers).max_age, Duration(5s));
  EXPECT_TRUE(cache_control_of(headers).is_public);
}

TEST(CacheControl, ADirectiveForCertainFieldsCountsForAll) {
  EXPECT_TRUE(said("private=\"set-cookie, x\"").is_private);
  EXPECT_TRUE(said("no-cache=\"set-cookie\"").no_cache);
}

TEST(CacheControl, WhatStandsInAQuoteIsNoDirective) {
  EXPECT_FALSE(said("x=\"a, no-store, b\"").no_store);
  EXPECT_TRUE(said("x=\"a\\\", y\", no-store").no_store);
}

TEST(CacheControl, AQuoteThatNeverEndsMayHideAnything) { EXPECT_TRUE(said("max-age=60, x=\"no-stor").no_store); }

TEST(CacheControl, EachFlagIsItsOwn) {
  EXPECT_TRUE(said("no-store").no_store);
  EXPECT_TRUE(said("only-if-cached").only_if_cached);
  EXPECT_TRUE(said("must-revalidate").must_revalidate);
  EXPECT_TRUE(said("proxy-revalidate").proxy_revalidate);
  EXPECT_FALSE(said("no-store-at-all, xno-store, no_store").no_store);
}

TEST(CacheControl, PragmaCountsOnlyAlone) {
  Headers headers;
  headers.add("Pragma", "no-cache");
  EXPECT_TRUE(cache_control_of(headers).no_cache);
  headers.add("Cache-Control", "max-age=5");
  EXPECT_FALSE(cache_control_of(headers).no_cache);
}

}  // namespace
}  // namespace standin
