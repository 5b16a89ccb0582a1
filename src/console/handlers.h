#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "console/ports.h"
#include "net/message.h"

namespace standin::console {

/// A request and the parts of its path that the operation's {braces} stand for, decoded.
struct Call {
  Request request;
  std::vector<std::string> captured;
};

/// The operations of the API, as docs/api.yaml describes them. `ports` outlives the coroutine.
Task<Response> list_orders(const ConsolePorts& ports, Call call);
Task<Response> show_order(const ConsolePorts& ports, Call call);

Task<Response> show_replay(const ConsolePorts& ports, Call call);
Task<Response> start_replay(const ConsolePorts& ports, Call call);
Task<Response> pause_replay(const ConsolePorts& ports, Call call);
Task<Response> resume_replay(const ConsolePorts& ports, Call call);
Task<Response> stop_replay(const ConsolePorts& ports, Call call);

Task<Response> list_follow_ups(const ConsolePorts& ports, Call call);
Task<Response> act_on_follow_up(const ConsolePorts& ports, Call call);

Task<Response> list_modes(const ConsolePorts& ports, Call call);
Task<Response> change_mode(const ConsolePorts& ports, Call call);

Task<Response> list_upstreams(const ConsolePorts& ports, Call call);
Task<Response> cut_upstream(const ConsolePorts& ports, Call call);
Task<Response> restore_upstream(const ConsolePorts& ports, Call call);

Task<Response> show_exposure(const ConsolePorts& ports, Call call);
Task<Response> show_health(const ConsolePorts& ports, Call call);

/// The person behind a request: the name it gives. The socket admits only root and the service's own user, so that the
/// name is for the record, not for permission.
std::string who_or_operator(const std::string& given);
/// Nothing if the configuration has that protected route; else a sentence with the nearest name.
std::optional<std::string> unknown_route(const ConsolePorts& ports, std::string_view route);

}  // namespace standin::console
