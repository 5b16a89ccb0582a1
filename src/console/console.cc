#include "console/console.h"

namespace standin {
namespace {

/// Operators type by hand: a small body, few connections.
ServerLimits operators_limits() { return {.body = 64 * 1024, .connections = 64}; }

Handler handler(ConsolePorts ports) {
  const auto api = std::make_shared<const Api>(std::move(ports));
  return [api](Request request, std::shared_ptr<const Client> client) {
    return api->handle(std::move(request), std::move(client));
  };
}

}  // namespace

Console::Console(Executor executor, ConsolePorts ports)
    : server_(std::move(executor), operators_limits(), handler(std::move(ports))) {}

Result<void> Console::listen(const std::string& socket_path, std::vector<Descriptor> inherited) {
  return server_.listen("unix:" + socket_path, std::move(inherited));
}

Task<> Console::drain(Duration within) { co_await server_.drain(within); }

}  // namespace standin
