#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "console/ports.h"
#include "net/server.h"

namespace standin {

/// One thing that can be asked: a method and a path, in which {braces} stand for one segment.
struct ApiOperation {
  std::string_view method;
  std::string_view path;
};

/// The operators' API under /api/v1/, as docs/api.yaml describes it. Answers 404 for an unknown path, 405 for a wrong
/// method, and problem+json that says what to do for bad input. Journal reads block the calling thread: give the
/// console an event loop of its own.
class Api {
 public:
  explicit Api(ConsolePorts ports) : ports_(std::move(ports)) {}

  Task<Reply> handle(Request request, std::shared_ptr<const Client> client) const;

  static std::span<const ApiOperation> operations();

 private:
  ConsolePorts ports_;
};

}  // namespace standin
