#pragma once

#include <memory>
#include <string>

#include "console/api.h"
#include "net/server.h"

namespace standin {

/// Serves the operators' API on one event loop. Members are called on that loop's thread.
class Console {
 public:
  Console(Executor executor, ConsolePorts ports);

  /// The path of a Unix socket; only its owner and root may connect (mode 0600).
  /// `inherited`: sockets that listen there already.
  Result<void> listen(const std::string& socket_path, std::vector<Descriptor> inherited = {});
  std::vector<int> sockets() const { return server_.sockets(); }
  Task<> drain(Duration within);

 private:
  HttpServer server_;
};

}  // namespace standin
