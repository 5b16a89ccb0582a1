#include "app/operator_client.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "config/config.h"
#include "net/asio_clock.h"
#include "net/client.h"

namespace standin {
namespace {

constexpr std::string_view default_socket = "/run/standin/standin.sock";
constexpr Duration connect_within = std::chrono::seconds(5);
/// An export's page of ten thousand orders on a busy disk.
constexpr Duration answer_within_time = std::chrono::seconds(60);
/// What the console takes: a longer body is 413 there, without a word.
constexpr std::size_t body_bytes_max = 64 * 1024;

Task<> ask(HttpClient& client, Endpoint endpoint, Request request, ExchangeTimes times,
           std::optional<Result<Response>>& answer) {
  auto answered = co_await client.exchange(endpoint, request, times);
  answer.emplace(std::move(answered));
}

Task<> sleep(AsioClock& clock, Duration span) { co_await clock.sleep_for(span); }

Trouble unreachable_at(const std::string& socket, const Error& error) {
  if (error.sent != Sent::nothing) {
    return {fmt::format("standin at {} did not answer: {}. It may have done what was asked: look before asking again.",
                        socket, error.what)};
  }
  return {
      fmt::format("standin cannot be reached at {}: {}.\nIs `standin serve` running, and may the user {} open its "
                  "socket? Name another with --socket, STANDIN_SOCKET or -c FILE.",
                  socket, error.what, person())};
}

std::string member(const boost::json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::expected<boost::json::value, Trouble> understood(const Response& response) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(response.body, error);
  if (!error && response.status / 100 == 2) return value;
  const std::string detail = error ? "" : member(value, "detail");
  const std::string title = error ? "" : member(value, "title");
  return std::unexpected(Trouble{
      detail.empty() ? fmt::format("standin answered with status {} and nothing that explains it.", response.status)
                     : fmt::format("{}: {}", title, detail),
      response.status == 400 ? 2 : 1});
}

std::expected<std::string, Trouble> socket_of(const OperatorOptions& options) {
  if (!options.socket.empty()) return options.socket;
  if (options.config.empty()) return std::string(default_socket);
  const auto config = load_config(options.config);
  if (!config) return std::unexpected(Trouble{config.error().what, 2});
  return config->console.socket;
}

}  // namespace

struct OperatorClient::State {
  explicit State(std::string path) : socket(std::move(path)), clock(loop.get_executor()), client(loop.get_executor()) {}

  void run(Task<> task) {
    loop.restart();
    bool done = false;
    spawn(loop.get_executor(), finish(std::move(task), done));
    while (!done && loop.run_one() > 0) {
    }
  }
  static Task<> finish(Task<> task, bool& done) {
    co_await std::move(task);
    done = true;
  }

  std::string socket;
  boost::asio::io_context loop{1};
  AsioClock clock;
  HttpClient client;
};

void add_operator_options(CLI::App& verb, OperatorOptions& options) {
  verb.add_option("--socket", options.socket, "The running process's console socket")->envname("STANDIN_SOCKET");
  verb.add_option("-c,--config", options.config, "Its configuration file, which names the socket");
  verb.add_flag("--json", options.json, "Print JSON");
}

int report(const Trouble& trouble) {
  fmt::print(stderr, "standin: {}\n", trouble.message);
  return trouble.exit_status;
}

OperatorClient::OperatorClient(std::string socket_path) : state_(std::make_unique<State>(std::move(socket_path))) {}
OperatorClient::~OperatorClient() = default;
OperatorClient::OperatorClient(OperatorClient&&) noexcept = default;

std::expected<OperatorClient, Trouble> OperatorClient::find(const OperatorOptions& options) {
  auto socket = socket_of(options);
  if (!socket) return std::unexpected(socket.error());
  return OperatorClient(std::move(*socket));
}

std::expected<boost::json::value, Trouble> OperatorClient::get(std::string_view target) {
  return send("GET", target, nullptr);
}

std::expected<boost::json::value, Trouble> OperatorClient::send(std::string_view method, std::string_view target,
                                                                const boost::json::value& body) {
  const auto endpoint = Endpoint::parse("unix:" + std::filesystem::absolute(state_->socket).string());
  if (!endpoint) return std::unexpected(Trouble{endpoint.error().what, 2});
  Request request{.method = std::string(method), .target = "/api/v1/" + std::string(target)};
  if (!body.is_null()) {
    request.headers.add("Content-Type", "application/json");
    request.body = boost::json::serialize(body);
    if (request.body.size() > body_bytes_max) {
      return std::unexpected(Trouble{
          fmt::format("That is {} bytes to send, and standin takes at most {}: nothing was sent. Say it shorter.",
                      request.body.size(), body_bytes_max),
          2});
    }
  }
  const Instant now = state_->clock.now();
  const ExchangeTimes times{.connect = connect_within,
                            .write = connect_within,
                            .send_before = now + connect_within,
                            .listen_until = now + answer_within_time};
  std::optional<Result<Response>> answer;
  state_->run(ask(state_->client, *endpoint, std::move(request), times, answer));
  ensure(answer.has_value(), "an exchange ends with an answer or an error");
  if (!*answer) return std::unexpected(unreachable_at(state_->socket, answer->error()));
  return understood(**answer);
}

void OperatorClient::wait(Duration span) { state_->run(sleep(state_->clock, span)); }

WallTime OperatorClient::now() const { return state_->clock.wall(); }

std::string query_of(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, percent_encoded(value));
  }
  return query;
}

std::string person() {
  if (const char* through_sudo = std::getenv("SUDO_USER"); through_sudo != nullptr && *through_sudo != '\0') {
    return through_sudo;
  }
  const passwd* user = getpwuid(geteuid());
  return user == nullptr ? std::to_string(geteuid()) : user->pw_name;
}

}  // namespace standin
