#include "route/problem.h"

#include <fmt/format.h>

namespace standin {

Response problem(int status, std::string_view title, std::string_view detail) {
  Response response{.status = status};
  response.headers.add("Content-Type", "application/problem+json");
  response.body = fmt::format(R"({{"status":{},"title":"{}","detail":"{}"}})", status, title, detail);
  return response;
}

}  // namespace standin
