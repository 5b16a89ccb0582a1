#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/kept_answer.h"

namespace standin {
namespace {

using namespace std::chrono_literals;

constexpr WallTime noon = WallTime(std::chrono::milliseconds(1'767'268'800'000));
constexpr CacheConfig config{.fresh = 60s, .stale_while_revalidate = 10s, .stale_if_error = 100s};

using Fields = std::vector<std::pair<std::string, std::string>>;

Headers fields(const Fields& given) {
  Headers headers;
  for (const auto& [name, value] : given) headers.add(name, value);
  return headers;
}

Request page(const Fields& given = {}, const std::string& method = "GET") {
  return {.method = method, .target = "/page", .headers = fields(given)};
}

Response ok(const Fields& given = {}, int status = 200) {
  return {.status = status, .headers = fields(given), .body = "x"};
}

std::optional<Terms> terms(const Response& answer, const Request& request = page(), Duration took = {}) {
  return terms_of(question_of(request), answer, config, took, noon);
}

TEST(Question, WhatIsNoPlainReadPassesBy) {
  EXPECT_EQ(question_of(page({}, "POST")).bypass, "method");
  EXPECT_EQ(question_of(page({{"Range", "bytes=0-1"}})).bypass, "range");
  EXPECT_EQ(question_of(page({{"If-Match", "\"a\""}})).bypass, "condition");
  EXPECT_EQ(question_of(page({{"If-Unmodified-Since", http_date(noon)}})).bypass, "condition");
  EXPECT_EQ(question_of(page({{"X-HTTP-Method-Override", "DELETE"}})).bypass, "override");
  EXPECT_EQ(question_of(page({{"X-Rewrite-URL", "/admin"}})).bypass, "override");
  Request with_body = page();
  with_body.body = "x";
  EXPECT_EQ(question_of(with_body).bypass, "body");
  EXPECT_EQ(question_of(page({}, "HEAD")).bypass, "");
}

TEST(Question, TheKeyIsSchemeHostAndTarget) {
  const std::string key = cache_key(page({{"Host", "Shop"}, {"X-Forwarded-Proto", "https"}}));
  EXPECT_EQ(key, cache_key(page({{"X-Forwarded-Proto", "https"}, {"Host", "shop"}}, "HEAD")));
  EXPECT_NE(key, cache_key(page({{"Host", "shop"}, {"X-Forwarded-Proto", "http"}})));
  EXPECT_NE(key, cache_key(page({{"Host", "other"}, {"X-Forwarded-Proto", "https"}})));
  EXPECT_NE(key, cache_key(page({{"Host", "shop"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil"}})));
  Request query = page({{"Host", "shop"}, {"X-Forwarded-Proto", "https"}});
  query.target = "/page?a";
  EXPECT_NE(key, cache_key(query));
}

TEST(Terms, TheAnswersOwnLifetimeWinsOverTheConfiguredOne) {
  const std::string in_an_hour = http_date(noon + 1h);
  struct Case {
    Fields answer;
    Duration lifetime;
  };
  const std::vector<Case> cases{
      {{}, 60s},
      {{{"Cache-Control", "public"}}, 60s},
      {{{"Cache-Control", "max-age=5"}}, 5s},
      {{{"Cache-Control", "max-age=5, s-maxage=7"}}, 7s},
      {{{"Expires", in_an_hour}, {"Date", http_date(noon)}}, 3600s},
      {{{"Expires", in_an_hour}, {"Date", http_date(noon + 30min)}}, 1800s},
      {{{"Expires", in_an_hour}}, 3600s},
      {{{"Expires", in_an_hour}, {"Cache-Control", "max-age=5"}}, 5s},
      {{{"Expires", "0"}}, 0s},
      {{{"Expires", http_date(noon - 1h)}, {"Date", http_date(noon)}}, 0s},
  };
  for (const Case& one : cases) {
    const auto found = terms(ok(one.answer));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->lifetime, one.lifetime) << testing::PrintToString(one.answer);
  }
}

TEST(Terms, ItsAgeIsWhatItSaysAndHowLongItTook) {
  EXPECT_EQ(terms(ok({{"Age", "20"}}), page(), 2s)->age, Duration(22s));
  EXPECT_EQ(terms(ok({{"Age", "old"}}), page(), 2s)->age, Duration(2s));
  EXPECT_EQ(terms(ok({{"Date", http_date(noon - 1h)}}))->age, Duration(0s)) << "a wrong clock makes nothing old";
}

TEST(Terms, WhatMustNotBeKept) {
  EXPECT_FALSE(terms(ok({{"Cache-Control", "no-store"}})));
  EXPECT_FALSE(terms(ok({{"Cache-Control", "max-age=60, private"}})));
  EXPECT_FALSE(terms(ok({{"Cache-Control", "max-age=60"}, {"Set-Cookie", "session=1"}})));
  EXPECT_FALSE(terms(ok(), page({{"Cache-Control", "no-store"}})));
  EXPECT_FALSE(terms(ok({{"Content-Range", "bytes 0-0/2"}})));
  Response cut = ok();
  cut.ends_with_connection = true;
  EXPECT_FALSE(terms(cut));
}

TEST(Terms, OnlyStatusesThatAreUnderstood) {
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 410}) EXPECT_TRUE(terms(ok({}, status))) << status;
  for (const int status : {302, 307, 405, 414, 501}) {
    EXPECT_FALSE(terms(ok({}, status))) << status;
    EXPECT_TRUE(terms(ok({{"Cache-Control", "max-age=5"}}, status))) << status;
  }
  for (const int status : {101, 201, 206, 303, 304, 400, 401, 403, 429, 500, 502, 503, 504}) {
    EXPECT_FALSE(terms(ok({{"Cache-Control", "max-age=5"}}, status))) << status;
  }
}

TEST(Terms, AnAnswerToWhoSignedInIsKeptOnlyIfItSaysThatItIsForAll) {
  const Request authorized = page({{"Authorization", "Bearer x"}});
  EXPECT_FALSE(terms(ok({{"Cache-Control", "max-age=60"}}), authorized));
  for (const char* shared : {"public", "s-maxage=5", "max-age=5, must-revalidate"}) {
    const auto found = terms(ok({{"Cache-Control", shared}, {"ETag", "\"a\""}}), authorized);
    ASSERT_TRUE(found) << shared;
    EXPECT_TRUE(found->for_authorized);
  }
  EXPECT_FALSE(terms(ok({{"Cache-Control", "max-age=60"}}))->for_authorized);
}

TEST(Terms, WithCookiesASilentAnswerIsTakenForPersonalUnlessItIsAFile) {
  const Request visitor = page({{"Cookie", "session=1"}});
  EXPECT_FALSE(terms(ok({{"ETag", "\"a\""}}), visitor));
  EXPECT_TRUE(terms(ok({{"Last-Modified", http_date(noon)}}), visitor));
  EXPECT_TRUE(terms(ok({{"Cache-Control", "max-age=5"}}), visitor));
  EXPECT_TRUE(terms(ok({{"Cache-Control", "public"}}), visitor));
}

TEST(Terms, StaleTimesAreTheAnswersElseTheConfigurations) {
  struct Case {
    const char* says;
    Duration while_revalidate, if_error;
  };
  for (const Case& one : std::vector<Case>{{"max-age=5", 10s, 100s},
                                           {"max-age=5, stale-while-revalidate=3", 3s, 100s},
                                           {"max-age=5, stale-if-error=0", 10s, 0s},
                                           {"max-age=5, stale-if-error=7, stale-while-revalidate=0", 0s, 7s},
                                           {"max-age=5, must-revalidate, stale-if-error=7", 0s, 0s},
                                           {"max-age=5, proxy-revalidate", 0s, 0s},
                                           {"s-maxage=5", 0s, 0s},
                                           {"s-maxage=5, stale-if-error=7", 0s, 7s},
                                           {"no-cache, stale-if-error=7", 0s, 0s}}) {
    const auto found = terms(ok({{"Cache-Control", one.says}, {"ETag", "\"a\""}}));
    ASSERT_TRUE(found) << one.says;
    EXPECT_EQ(found->stale_while_revalidate, one.while_revalidate) << one.says;
    EXPECT_EQ(found->stale_if_error, one.if_error) << one.says;
  }
}

TEST(Terms, WhatCanNeverBeUsedIsNotKept) {
  EXPECT_FALSE(terms(ok({{"Cache-Control", "no-cache"}})));
  EXPECT_FALSE(terms(ok({{"Cache-Control", "max-age=0, must-revalidate"}})));
  EXPECT_TRUE(terms(ok({{"Cache-Control", "no-cache"}, {"ETag", "\"a\""}})));
}

TEST(Varying, NamesOfFieldsAndWhatTheRequestSaidInThem) {
  const auto varying = varying_of(fields({{"Accept-Encoding", "gzip"}, {"Accept-Encoding", "br"}}),
                                  fields({{"Vary", "Accept-Encoding, accept-encoding"}, {"Vary", "Cookie"}}));
  ASSERT_TRUE(varying);
  EXPECT_EQ(varying->size(), 2u);
  EXPECT_TRUE(matches(*varying, fields({{"accept-encoding", " gzip, br "}})));
  EXPECT_FALSE(matches(*varying, fields({{"Accept-Encoding", "gzip"}})));
  EXPECT_FALSE(matches(*varying, fields({{"Accept-Encoding", "gzip, br"}, {"Cookie", ""}})));
}

TEST(Varying, AStarAndTooManyFieldsMatchNothing) {
  EXPECT_FALSE(varying_of({}, fields({{"Vary", "Accept, *"}})));
  EXPECT_FALSE(varying_of({}, fields({{"Vary", "a,b,c,d,e,f,g,h,i,j,k,l,m,n"}})));
}

/// An answer that arrived at the beginning of time.
std::shared_ptr<const KeptAnswer> kept(const Fields& answer, Duration age = {}) {
  Response response = ok(answer);
  const auto found = terms(response, page(), age);
  return keep(std::move(response), *found, {}, Instant(), noon);
}
CacheControl asks(const std::string& says) { return cache_control_of(fields({{"Cache-Control", says}})); }

TEST(Use, OfAKeptAnswerByItsAge) {
  const auto answer = kept({{"Cache-Control", "max-age=60, stale-while-revalidate=10, stale-if-error=100"}}, 5s);
  EXPECT_EQ(use_of(*answer, {}, Instant(54s)), Use::fresh);
  EXPECT_EQ(use_of(*answer, {}, Instant(55s)), Use::stale);
  EXPECT_EQ(use_of(*answer, {}, Instant(64s)), Use::stale);
  EXPECT_EQ(use_of(*answer, {}, Instant(65s)), Use::validation);
  EXPECT_TRUE(usable_on_error(*answer, Instant(154s)));
  EXPECT_FALSE(usable_on_error(*answer, Instant(155s)));
}

TEST(Use, TheRequestMayAskForMore) {
  const auto answer = kept({{"Cache-Control", "max-age=60"}});
  EXPECT_EQ(use_of(*answer, asks("no-cache"), Instant()), Use::validation);
  EXPECT_EQ(use_of(*answer, asks("max-age=0"), Instant(1s)), Use::validation);
  EXPECT_EQ(use_of(*answer, asks("max-age=10"), Instant(10s)), Use::fresh);
  EXPECT_EQ(use_of(*answer, asks("max-age=10"), Instant(11s)), Use::validation);
  EXPECT_EQ(use_of(*answer, asks("min-fresh=20"), Instant(40s)), Use::fresh);
  EXPECT_EQ(use_of(*answer, asks("min-fresh=20"), Instant(41s)), Use::validation);
  EXPECT_TRUE(usable_on_error(*answer, Instant(1s))) << "whatever the request says";
}

TEST(Use, OfWhatIsAlwaysValidatedIsNeverAStaleOne) {
  const auto answer = kept({{"Cache-Control", "no-cache, max-age=60"}, {"ETag", "\"a\""}});
  EXPECT_EQ(use_of(*answer, {}, Instant()), Use::validation);
  EXPECT_FALSE(usable_on_error(*answer, Instant()));
}

TEST(KeptAnswer, HasADateAndALengthAndNothingOfTheExchange) {
  const auto answer = kept({{"Age", "4"}, {"X-Request-Id", "a"}, {"X", "1"}, {"Content-Length", "17"}});
  EXPECT_EQ(answer->headers.find("Date"), http_date(noon));
  EXPECT_EQ(answer->headers.find("Content-Length"), "1");
  EXPECT_FALSE(answer->headers.has("Age") || answer->headers.has("X-Request-Id"));
}

TEST(KeptAnswer, A304ReplacesItsFieldsAndSharesItsBody) {
  const auto old = kept({{"ETag", "\"a\""}, {"X", "1"}, {"X", "2"}, {"Content-Type", "text/html"}, {"Y", "kept"}});
  const Response news =
      ok({{"ETag", "W/\"a\""}, {"X", "3"}, {"Content-Type", "text/plain"}, {"Content-Length", "0"}}, 304);
  ASSERT_TRUE(speaks_of(news, *old));
  const auto fresh = freshened(*old, news, {.lifetime = 9s}, Instant(5s), noon);
  EXPECT_EQ(fresh->body, old->body);
  EXPECT_EQ(fresh->status, 200);
  EXPECT_EQ(fresh->headers.find("X"), "3");
  EXPECT_EQ(fresh->headers.find("Y"), "kept");
  EXPECT_EQ(fresh->headers.find("Content-Type"), "text/html");
  EXPECT_EQ(fresh->headers.find("Content-Length"), "1");
  EXPECT_EQ(use_of(*fresh, {}, Instant(13s)), Use::fresh);
}

TEST(KeptAnswer, A304OfAnotherVersionIsNotOfThisOne) {
  const auto tagged = kept({{"ETag", "\"a\""}});
  EXPECT_FALSE(speaks_of(ok({{"ETag", "\"b\""}}, 304), *tagged));
  EXPECT_TRUE(speaks_of(ok({}, 304), *tagged));
  const auto dated = kept({{"Last-Modified", http_date(noon)}});
  EXPECT_FALSE(speaks_of(ok({{"Last-Modified", http_date(noon + 1s)}}, 304), *dated));
  EXPECT_FALSE(speaks_of(ok({{"ETag", "\"b\""}}, 304), *dated));
}

TEST(Conditions, AreTheKeptAnswersOwn) {
  Headers request = fields({{"If-None-Match", "\"clients\""}, {"If-Modified-Since", http_date(noon)}});
  make_conditional(request, *kept({{"ETag", "\"ours\""}}));
  EXPECT_EQ(request.find("If-None-Match"), "\"ours\"");
  EXPECT_FALSE(request.has("If-Modified-Since"));
}

TEST(Conditions, OfAClientAreByTagThenByDate) {
  const Headers tagged = fields({{"ETag", "\"a\""}, {"Last-Modified", http_date(noon)}});
  for (const char* list : {"\"a\"", "W/\"a\"", "\"x\", \"a\"", "\"x,\",W/\"a\"", "*"}) {
    EXPECT_TRUE(client_has_it(fields({{"If-None-Match", list}}), tagged)) << list;
  }
  for (const char* list : {"\"b\"", "a", "\"a", "", "\"x\"a\""}) {
    EXPECT_FALSE(client_has_it(fields({{"If-None-Match", list}, {"If-Modified-Since", http_date(noon)}}), tagged))
        << list;
  }
  EXPECT_TRUE(client_has_it(fields({{"If-Modified-Since", http_date(noon)}}), tagged));
  EXPECT_FALSE(client_has_it(fields({{"If-Modified-Since", http_date(noon - 1s)}}), tagged));
  EXPECT_FALSE(client_has_it(fields({{"If-Modified-Since", "yesterday"}}), tagged));
  EXPECT_FALSE(client_has_it({}, tagged));
}

}  // namespace
}  // namespace standin
