#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace standin {

/// One line of the access log. Holds nothing that a client wrote but its method and path's route name.
struct AccessRecord {
  WallTime at{};
  std::string_view route, method, request_id, order_id, answered, cause, outcome, client;
  int status = 0;
  Duration took{};
};

/// Structured logs: one JSON object a line, written by a thread of their own; when its queue is full the oldest lines are
/// dropped and counted, and no caller ever waits.
class Log {
 public:
  /// `access`: a file, "-" for standard output, "" for none. Program messages go to standard error.
  static void start(const std::string& access);
  /// Writes what is queued and stops.
  static void stop();
  static std::size_t dropped();

  static void access(const AccessRecord& record);
  static void info(std::string_view event, std::string_view detail);
  static void warn(std::string_view event, std::string_view detail);
  static void error(std::string_view event, std::string_view detail);
};

}  // namespace standin
