#include "telemetry/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>

#include "telemetry/json_line.h"

namespace standin {
namespace {

/// Lines waiting for one stream's thread: at 20,000 requests a second, 0.4 s of a disk that hangs; about 3 MiB.
constexpr std::size_t queue_lines = 8192;
/// How long a line of the access log may stay in the process's buffer.
constexpr std::chrono::seconds flush_access_every{1};

/// One destination with its queue and its thread. Destroying it writes what is queued.
class Stream {
 public:
  Stream(spdlog::sink_ptr sink, const std::string& pattern, bool flush_each)
      : pool_(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1)),
        logger_(std::make_shared<spdlog::async_logger>("standin", std::move(sink), pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
    if (flush_each) {
      logger_->flush_on(spdlog::level::trace);
    } else {
      flusher_ = std::make_unique<spdlog::details::periodic_worker>([logger = logger_] { logger->flush(); },
                                                                    flush_access_every);
    }
  }
  ~Stream() {
    flusher_.reset();
    logger_->flush();
  }

  void write(spdlog::level::level_enum level, const std::string& fields) {
    logger_->log(level, spdlog::string_view_t(fields.data(), fields.size()));
  }
  std::size_t dropped() const { return pool_->overrun_counter(); }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::unique_ptr<spdlog::details::periodic_worker> flusher_;
};

struct Streams {
  std::unique_ptr<Stream> access;
  std::unique_ptr<Stream> program;

  std::size_t dropped() const { return (access ? access->dropped() : 0) + (program ? program->dropped() : 0); }
};

std::shared_mutex guard;
Streams streams;
std::size_t dropped_before = 0;

// The time is the moment of the call, taken by spdlog: the logs of simulated time would need a clock handed in.
const std::string program_pattern = R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
const std::string access_pattern = "{%v}";

std::unique_ptr<Stream> open_access(const std::string& access) {
  if (access.empty()) return nullptr;
  try {
    spdlog::sink_ptr sink;
    if (access == "-") {
      sink = std::make_shared<spdlog::sinks::stdout_sink_st>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(access);
    }
    return std::make_unique<Stream>(std::move(sink), access_pattern, false);
  } catch (const spdlog::spdlog_ex& e) {
    throw std::runtime_error("the access log " + access +
                             " cannot be opened: make its folder and let this user write there, or set [log] access (" +
                             e.what() + ")");
  }
}

void write_program(spdlog::level::level_enum level, std::string_view event, std::string_view detail) {
  const std::shared_lock lock(guard);
  if (!streams.program) return;
  streams.program->write(level, JsonLine().text("event", event).text_if_any("detail", detail).fields());
}

}  // namespace

void Log::start(const std::string& access) {
  stop();
  Streams fresh;
  fresh.access = open_access(access);
  fresh.program = std::make_unique<Stream>(std::make_shared<spdlog::sinks::stderr_sink_st>(), program_pattern, true);
  const std::unique_lock lock(guard);
  streams = std::move(fresh);
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
      .text_if_any("client", record.client);
  streams.access->write(spdlog::level::info, line.fields());
}

void Log::info(std::string_view event, std::string_view detail) { write_program(spdlog::level::info, event, detail); }

void Log::warn(std::string_view event, std::string_view detail) { write_program(spdlog::level::warn, event, detail); }

void Log::error(std::string_view event, std::string_view detail) { write_program(spdlog::level::err, event, detail); }

}  // namespace standin
