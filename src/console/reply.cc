#include "console/reply.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "telemetry/json_line.h"

namespace standin::console {

Response json_response(int status, const boost::json::value& value) {
  Response response{.status = status};
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  response.body = valid_utf8(boost::json::serialize(value)) + "\n";
  return response;
}

Response json_list(int status, std::string_view name, boost::json::array list) {
  boost::json::object named;
  named[name] = std::move(list);
  return json_response(status, named);
}

Response refusal(int status, std::string_view title, std::string_view detail) {
  Response response = json_response(status, {{"status", status}, {"title", title}, {"detail", detail}});
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

Response bad_input(std::string_view detail) { return refusal(400, "Bad request", detail); }

Response not_found(std::string_view detail) { return refusal(404, "Not found", detail); }

Response journal_failed(const Error& error) {
  return refusal(
      503, "The journal could not be used",
      fmt::format("{} ({}). See `standin_journal_promising` and the program's log.", error.what, error.where));
}

}  // namespace standin::console
