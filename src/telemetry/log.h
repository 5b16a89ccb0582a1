#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace standin {

/// One line of the access log. Holds nothing that a client wrote but its method and path's route name.
struct AccessRecord {
  WallTime at{};
  std::string_view route, method, request_id, order_id, answered, cause, outcome, client;
  std::string_view cache;  ///< how the cache of a plain route had to do with it
  int status = 0;
  Duration took{};
  std::uint64_t received = 0, sent = 0;  ///< bytes of the request's and the answer's body, on a plain route
  std::string_view cut;                  ///< who broke off what was passed on while it came; "" for nobody
};

/// Structured logs: one JSON object a line, written by threads of their own, one for the access log and one for the
/// program's messages, so that a flood of the first never pushes out the second. When one does not keep up, lines are
/// dropped and counted, and no caller ever waits. Any thread; what is logged before `start` or after `stop` is
/// discarded.
class Log {
 public:
  /// `access`: a file (appended to), "-" for standard output, "" for none. Program messages go to standard error.
  /// An error when the file cannot be opened. Started a second time, it first stops.
  static Result<void> start(const std::string& access);
  /// Goes on with the file that has the access log's path now: the old one was renamed, to be kept or packed.
  static void reopen();
  /// Writes what is queued and stops.
  static void stop();
  /// Lines dropped since the process began.
  static std::size_t dropped();

  static void access(const AccessRecord& record);
  static void info(std::string_view event, std::string_view detail);
  static void warn(std::string_view event, std::string_view detail);
  static void error(std::string_view event, std::string_view detail);
};

}  // namespace standin
