#include "tests/virtual/till.h"

#include "base/text.h"
#include "dialect/form.h"

namespace standin {
namespace {

Task<> ask(std::shared_ptr<ProtectedRoute> tour, Request request, std::shared_ptr<TestClient> client,
           std::string request_id, std::shared_ptr<OneShot<Response>> answer) {
  Reply reply = co_await tour->handle(std::move(request), client, std::move(request_id));
  if (client->left && reply.undelivered) reply.undelivered();
  answer->set(std::move(reply.response));
}

Response gate_answer(std::string body) {
  Response response{.status = 200, .body = std::move(body)};
  response.headers.add("Content-Type", "text/html");
  return response;
}

}  // namespace

std::string form_field(const std::string& body, const std::string& name) {
  const auto form = Form::parse(body);
  return form ? std::string(form->find(name).value_or("")) : std::string();
}

Response gate_approves(const std::string& reference, const std::string& amount, bool duplicate) {
  return gate_answer("UMversion=2.9&UMstatus=Approved&UMauthCode=042366&UMrefNum=" + reference +
                     "&UMavsResult=&UMavsResultCode=YYY&UMcvv2Result=Match&UMcvv2ResultCode=M&UMresult=A"
                     "&UMerror=Approved&UMerrorcode=00000&UMbatch=120&UMbatchRefNum=848&UMisDuplicate=" +
                     (duplicate ? "Y" : "N") + "&UMauthAmount=" + amount + "&UMfiller=filled");
}

Response gate_declines() {
  return gate_answer(
      "UMversion=2.9&UMstatus=Declined&UMauthCode=000000&UMrefNum=132020590&UMresult=D&UMerror=Card%20Declined"
      "&UMerrorcode=10127&UMisDuplicate=N&UMfiller=filled");
}

Response gate_error(const std::string& code, const std::string& message) {
  return gate_answer("UMversion=2.9&UMstatus=Error&UMauthCode=000000&UMrefNum=0&UMresult=E&UMerror=" +
                     percent_encoded(message) + "&UMerrorcode=" + code + "&UMfiller=filled");
}

Till::Till() {
  upstream = {.name = "cardgate",
              .targets = {"http://www-01", "http://www-02"},
              .dialect = "usaepay",
              .currency = "USD",
              .credentials = {{"source-key-1", "1234"}},
              .duplicates = Duplicates::folded,
              .duplicates_window = 10min,
              .finder = FinderConfig{.max_processing = 60s},
              .reversal = ReversalConfig{},
              .balance = Balance::scoreboard,
              .timeouts = {.response = 10s, .listen_late = 120s}};
  backup = {.name = "backupgate",
            .targets = {"http://second"},
            .dialect = "stripe",
            .currency = "USD",
            .credentials = {{"sk_test_1", ""}},
            .duplicates = Duplicates::keyed,
            .duplicates_window = 24h,
            .finder = FinderConfig{.max_processing = 60s},
            .reversal = ReversalConfig{}};
  stand_in = {.name = "till", .dialect = "usaepay", .currency = "USD", .policy = "default"};
  route = {.name = "till",
           .method = "POST",
           .path = "/gate",
           .upstream = "cardgate",
           .more_upstreams = {"backupgate"},
           .stand_in = "till",
           .key_facts = {"reference", "amount", "command", "card"},
           .tenant = "merchant",
           .journalled = true};
  gateway = [](const Request&) { return says(gate_approves("132020588")); };
  second_gateway = [](const Request&) { return answers(500); };
  transport.behave = [this](const Endpoint& target, const Request& request) {
    return target.host == "second" ? second_gateway(request) : gateway(request);
  };
  rebuild();
}

Till::~Till() { world.run_for(600s); }

std::map<std::string, Counterparty> Till::counterparties() const {
  auto all = Scene::counterparties();
  all[backup.name] = {.party = backup_party,
                      .dialect = *make_party_dialect(backup, vault),
                      .queries = *make_queries(backup),
                      .search = nullptr};
  return all;
}

void Till::rebuild() {
  build();
  backup_party = std::make_shared<Party>(backup, world.clock(), world.random(), transport, states, world.executor());
  const Credential credential{SecretText("sk_test_1"), {}};
  std::vector<ProtectedRoute::PartyLink> parties{{party, dialect, {}}};
  if (!route.more_upstreams.empty()) {
    parties.push_back({backup_party, *make_party_dialect(backup, vault), credential});
  }
  tour = std::make_shared<ProtectedRoute>(
      ProtectedRoute::Setup{route, stand_in, policy, "config-1", 512 << 20, dialect, std::move(parties)},
      SharedPorts{*journal, vault, *claims, *lookalikes, *modes, metrics, ulids, listening, in_flight_bytes},
      LoopPorts{world.executor(), world.clock(), world.random()});
}

Request Till::request(std::string body) {
  Request request{.method = "POST", .target = "/gate", .body = std::move(body)};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  return request;
}

Request Till::sale_request(const Sale& sale) const {
  return request("UMkey=source-key-1&UMcommand=" + sale.command + "&UMamount=" + sale.amount + "&UMcard=" + sale.card +
                 "&UMexpir=1230&UMcvv2=123&UMorderid=" + sale.reference + sale.more);
}

void Till::no_gateway_answers() {
  route.more_upstreams.clear();
  rebuild();
  gateway = [](const Request&) { return refuses(); };
}

std::shared_ptr<OneShot<Response>> Till::send_later(Request request, std::shared_ptr<TestClient> client) {
  auto answer = std::make_shared<OneShot<Response>>();
  if (!client) client = std::make_shared<TestClient>();
  spawn(world.executor(),
        ask(tour, std::move(request), std::move(client), "request-" + std::to_string(++requests_), answer));
  return answer;
}

Response Till::send(Request request) {
  const auto answer = send_later(std::move(request));
  const Instant end = world.now() + 60s;
  while (!answer->peek() && world.now() < end) world.run_for(10ms);
  ensure(answer->peek().has_value(), "a charge is answered within a minute");
  return *answer->peek();
}

std::size_t Till::arrivals_at(const std::string& host) const {
  return std::ranges::count_if(transport.arrived,
                               [&](const auto& arrival) { return arrival.url.starts_with("http://" + host); });
}

}  // namespace standin
