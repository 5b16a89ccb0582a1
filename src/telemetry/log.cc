#include "telemetry/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <system_error>

#include "telemetry/json_line.h"
#include "telemetry/line_file.h"

namespace standin {
namespace {

/// Messages waiting for standard error: about 3 MiB.
constexpr std::size_t queue_lines = 8192;

// The time is the moment of the call, taken by spdlog: the logs of simulated time would need a clock handed in.
const std::string program_pattern = R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

/// The program's messages, with their queue and their thread. Destroying it writes what is queued.
class Messages {
 public:
  Messages()
      : pool_(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)),
        logger_(std::make_shared<spdlog::async_logger>("standin", std::make_shared<spdlog::sinks::stderr_sink_st>(),
                                                       pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(program_pattern, spdlog::pattern_time_type::utc, "\n"));
    logger_->flush_on(spdlog::level::trace);
  }
  /// The pool first, which writes what is queued: its thread has let go of the logger then.
  ~Messages() {
    logger_->flush();
    pool_.reset();
  }

  void write(spdlog::level::level_enum level, std::string_view fields) {
    logger_->log(level, spdlog::string_view_t(fields.data(), fields.size()));
  }
  std::size_t dropped() const { return pool_->overrun_counter(); }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

struct Streams {
  std::unique_ptr<LineFile> access;
  std::unique_ptr<Messages> program;

  std::size_t dropped() const { return (access ? access->dropped() : 0) + (program ? program->dropped() : 0); }
};

std::shared_mutex guard;
Streams streams;
std::size_t dropped_before = 0;

Result<std::unique_ptr<LineFile>> open_access(const std::string& access) {
  if (access.empty()) return nullptr;
  try {
    return std::make_unique<LineFile>(access);
  } catch (const std::system_error& e) {
    return failure("the access log " + access +
                       " cannot be opened: make its folder and let this user write there, or set [log] access (" +
                       e.what() + ")",
                   access);
  }
}

void write_program(spdlog::level::level_enum level, std::string_view event, std::string_view detail) {
  const std::shared_lock lock(guard);
  if (!streams.program) return;
  streams.program->write(level, JsonLine().text("event", event).text_if_any("detail", detail).fields());
}

}  // namespace

Result<void> Log::start(const std::string& access) {
  stop();
  auto opened = open_access(access);
  if (!opened) return std::unexpected(opened.error());
  Streams fresh;
  fresh.access = std::move(*opened);
  fresh.program = std::make_unique<Messages>();
  const std::unique_lock lock(guard);
  streams = std::move(fresh);
  return {};
}

void Log::reopen() {
  const std::shared_lock lock(guard);
  if (streams.access) streams.access->reopen();
}

void Log::stop() {
  Streams old;
  {
    const std::unique_lock lock(guard);
    old = std::move(streams);
    streams = {};
    dropped_before += old.dropped();
  }
}

std::size_t Log::dropped() {
  const std::shared_lock lock(guard);
  return dropped_before + streams.dropped();
}

void Log::access(const AccessRecord& record) {
  const std::shared_lock lock(guard);
  if (!streams.access) return;
  JsonLine line;
  line.text("at", iso8601(record.at))
      .text("route", record.route)
      .text("method", record.method)
      .number("status", record.status)
      .milliseconds("took_ms", record.took.count())
      .text("request_id", record.request_id)
      .text_if_any("order_id", record.order_id)
      .text("answered", record.answered)
      .text_if_any("cause", record.cause)
      .text_if_any("outcome", record.outcome)
      .text_if_any("client", record.client)
      .text_if_any("cache", record.cache)
      .text_if_any("cut", record.cut);
  if (record.received > 0) line.number("received", static_cast<std::int64_t>(record.received));
  if (record.sent > 0) line.number("sent", static_cast<std::int64_t>(record.sent));
  streams.access->write(line.object());
}

void Log::info(std::string_view event, std::string_view detail) { write_program(spdlog::level::info, event, detail); }

void Log::warn(std::string_view event, std::string_view detail) { write_program(spdlog::level::warn, event, detail); }

void Log::error(std::string_view event, std::string_view detail) { write_program(spdlog::level::err, event, detail); }

}  // namespace standin
