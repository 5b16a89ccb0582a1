#include "telemetry/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "base/test_folder.h"

namespace standin {
namespace {

class LogTo : public testing::Test {
 protected:
  ~LogTo() override { Log::stop(); }

  std::string path(const std::string& name) const { return folder_.file(name); }
  static std::string read(const std::string& file) {
    std::ostringstream all;
    all << std::ifstream(file).rdbuf();
    return all.str();
  }

 private:
  TestFolder folder_;
};

AccessRecord record() {
  return {.at = wall_time(1'800'000'000'123),
          .route = "orders",
          .method = "POST",
          .request_id = "01J",
          .order_id = "",
          .answered = "accepted",
          .cause = "breaker",
          .outcome = "not_done",
          .client = "192.0.2.7",
          .status = 201,
          .took = std::chrono::microseconds(1500)};
}

TEST_F(LogTo, AnAccessRecordIsOneJsonLine) {
  ASSERT_TRUE(Log::start(path("access")));
  Log::access(record());
  Log::stop();
  EXPECT_EQ(read(path("access")),
            R"({"at":"2027-01-15T08:00:00.123Z","route":"orders","method":"POST","status":201,"took_ms":1.500,)"
            R"("request_id":"01J","answered":"accepted","cause":"breaker","outcome":"not_done","client":"192.0.2.7"})"
            "\n");
}

TEST_F(LogTo, AClientCannotForgeALine) {
  ASSERT_TRUE(Log::start(path("access")));
  AccessRecord forged = record();
  forged.request_id = "x\"}\n{\"at\":\"forged";
  Log::access(forged);
  Log::stop();
  const std::string text = read(path("access"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  EXPECT_NE(text.find(R"("request_id":"x\"}\n{\"at\":\"forged")"), std::string::npos);
}

TEST_F(LogTo, ProgramMessagesGoToStandardErrorAsJson) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(Log::start(""));
  Log::warn("journal", "disk %v \"full\"");
  Log::stop();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.substr(0, 7), R"({"at":")");
  EXPECT_NE(text.find(R"Z("level":"warning","event":"journal","detail":"disk %v \"full\""})Z"
                      "\n"),
            std::string::npos)
      << text;
}

TEST_F(LogTo, StartedAgainItAppends) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Log::start(path("access")));
    Log::access(record());
    Log::stop();
  }
  const std::string text = read(path("access"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
}

TEST_F(LogTo, ReopenedItGoesOnInTheFileThatHasThePath) {
  ASSERT_TRUE(Log::start(path("access")));
  Log::access(record());
  std::filesystem::rename(path("access"), path("access.1"));
  Log::reopen();
  while (!std::filesystem::exists(path("access"))) std::this_thread::yield();
  Log::access(record());
  Log::stop();
  EXPECT_EQ(std::ranges::count(read(path("access.1")), '\n'), 1);
  EXPECT_EQ(std::ranges::count(read(path("access")), '\n'), 1);
}

TEST_F(LogTo, ReopenedInVainItGoesOnWithTheOldFile) {
  std::filesystem::create_directory(path("folder"));
  ASSERT_TRUE(Log::start(path("folder/access")));
  std::filesystem::rename(path("folder"), path("moved"));
  std::ofstream(path("folder")) << "in the way";
  testing::internal::CaptureStderr();
  for (const int lines : {1, 2, 3}) {
    Log::access(record());
    Log::reopen();
    while (std::ranges::count(read(path("moved/access")), '\n') < lines) std::this_thread::yield();
  }
  Log::stop();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("log_not_reopened"), std::string::npos);
}

TEST_F(LogTo, AnAccessLogThatCannotBeOpenedIsAnErrorAtStart) {
  const auto started = Log::start("/dev/null/access");
  ASSERT_FALSE(started);
  EXPECT_TRUE(started.error().what.starts_with("the access log /dev/null/access cannot be opened: make its folder"));
}

TEST_F(LogTo, WhatIsLoggedOutsideStartAndStopIsDiscarded) {
  testing::internal::CaptureStderr();
  Log::info("before", "start");
  ASSERT_TRUE(Log::start(""));
  Log::stop();
  Log::info("after", "stop");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(LogTo, AReaderThatHangsCostsLinesAndNeverACaller) {
  constexpr std::size_t lines = 30'000;
  const std::string pipe = path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  const std::size_t dropped_before = Log::dropped();

  ASSERT_TRUE(Log::start(pipe));
  for (std::size_t i = 0; i < lines; ++i) Log::access(record());
  const std::size_t dropped = Log::dropped() - dropped_before;
  EXPECT_GT(dropped, lines / 2) << "the pipe holds 64 KiB and the queue 8192 lines";

  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);
  std::size_t arrived = 0;
  std::thread drain([&] {
    char bytes[65536];
    for (ssize_t got; (got = ::read(reader, bytes, sizeof bytes)) > 0;) {
      arrived += static_cast<std::size_t>(std::count(bytes, bytes + got, '\n'));
    }
  });
  Log::stop();
  drain.join();
  close(reader);
  EXPECT_GE(arrived + (Log::dropped() - dropped_before) + 3, lines) << "every line was written or counted as dropped";
}

}  // namespace
}  // namespace standin
