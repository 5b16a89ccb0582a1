#include "tests/virtual/scene.h"

namespace standin {
namespace {

Task<> ask(std::shared_ptr<ProtectedRoute> tour, Request request, std::shared_ptr<TestClient> client,
           std::shared_ptr<OneShot<Response>> answer) {
  Reply reply = co_await tour->handle(std::move(request), client, "request-id");
  if (client->left && reply.undelivered) reply.undelivered();
  answer->set(std::move(reply.response));
}

TemplateConfig json_template(int status, std::string body) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body), .where = "test"};
}

}  // namespace

Scene::Scene() {
  const Currency dollars = *Currency::parse("USD");
  upstream = {.name = "shop",
              .targets = {"http://shop:1"},
              .duplicates = Duplicates::keyed,
              .finder = FinderConfig{.request = "GET /orders?key={{order_key}}",
                                     .state = "/status",
                                     .not_standing = {"cancelled"},
                                     .max_processing = 60s},
              .reversal = ReversalConfig{.request = "POST /orders/{{upstream_reference}}/cancel"}};
  stand_in = {
      .name = "order",
      .facts = {{"amount", "/order/total_cents"}, {"currency", "/order/currency"}, {"customer", "/order/customer"}},
      .amount_unit = AmountUnit::minor,
      .approve = json_template(201, R"({"order":{"id":"{{reference}}","status":"accepted"}})"),
      .decline = json_template(422, R"({"error":{"message":"Card failed"}})"),
      .unavailable = json_template(503, R"({"error":{"message":"Please try again"}})"),
      .policy = "default",
      .expect = {{201}, "application/json", "/order/id"},
      .have_it = ExpectConfig{{409}, "", "/existing_order/id"}};
  route = {.name = "orders",
           .method = "POST",
           .path = "/orders",
           .upstream = "shop",
           .stand_in = "order",
           .key_header = "Idempotency-Key"};
  policy = {.name = "default",
            .version = "1",
            .floor_limit = {Money{2500, dollars}},
            .exposure_total = {Money{1'000'000, dollars}}};
  transport.behave = [this](const Endpoint&, const Request& request) { return shop(request); };
  build();
}

// What is still under way ends while everything it refers to is there.
Scene::~Scene() { world.run_for(600s); }

void Scene::build() {
  if (!journal) {
    const auto since_begin = std::chrono::floor<std::chrono::milliseconds>(world.now().time_since_epoch());
    auto opened = SqliteJournal::open({.path = folder.file(journal_name_),
                                       .clock = &world.clock(),
                                       .metrics = &metrics,
                                       .executor = world.executor(),
                                       .boot = Boot{boot_id, world.clock().wall() - since_begin},
                                       .clocks = states.clocks()});
    ensure(opened.has_value(), opened ? "" : opened.error().what);
    journal = std::move(*opened);
  }
  modes = std::move(*Modes::load(*journal));
  claims = std::make_unique<Claims>(*journal, vault, world.now());
  if (!lookalikes) lookalikes = std::make_unique<Lookalikes>();
  dialect = *make_dialect(stand_in, vault);
  party = std::make_shared<Party>(upstream, world.clock(), world.random(), transport, states, world.executor());
  tour = std::make_shared<ProtectedRoute>(
      ProtectedRoute::Setup{route, stand_in, policy, "config-1", 512 << 20, dialect, {{party, dialect, {}}}},
      SharedPorts{*journal, vault, *claims, *lookalikes, *modes, metrics, ulids, listening, in_flight_bytes},
      LoopPorts{world.executor(), world.clock(), world.random()});
}

void Scene::restart() {
  tour.reset();
  claims.reset();
  lookalikes.reset();
  journal.reset();
  build();
}

void Scene::crash() {
  const std::string before = folder.file(journal_name_);
  dead_.push_back({std::move(journal), std::move(modes), std::move(claims), std::move(lookalikes), std::move(tour)});
  journal_name_ = "journal-" + std::to_string(dead_.size()) + ".db";
  for (const std::string part : {"", "-wal"}) {
    if (std::filesystem::exists(before + part)) std::filesystem::copy(before + part, folder.file(journal_name_) + part);
  }
  build();
}

Request Scene::request(const std::string& key, int cents) const {
  Request request{
      .method = "POST",
      .target = "/orders",
      .body = fmt::format(R"({{"order":{{"total_cents":{},"currency":"USD","customer":"c-{}"}}}})", cents, key)};
  request.headers.add("Content-Type", "application/json");
  if (!key.empty()) request.headers.add("Idempotency-Key", key);
  return request;
}

std::shared_ptr<OneShot<Response>> Scene::order_later(const std::string& key, int cents,
                                                      std::shared_ptr<TestClient> client) {
  auto answer = std::make_shared<OneShot<Response>>();
  if (!client) client = std::make_shared<TestClient>();
  spawn(world.executor(), ask(tour, request(key, cents), std::move(client), answer));
  return answer;
}

Response Scene::order(const std::string& key, int cents) {
  const auto answer = order_later(key, cents);
  const Instant end = world.now() + 60s;
  while (!answer->peek() && world.now() < end) world.run_for(10ms);
  ensure(answer->peek().has_value(), "an order is answered within a minute");
  return *answer->peek();
}

std::size_t Scene::arrivals(const std::string& method_and_path) const {
  return std::ranges::count_if(transport.arrived, [&](const auto& arrival) {
    return arrival.request.method + " " + std::string(arrival.request.path()) == method_and_path;
  });
}

OrderRow Scene::only_order() {
  const auto rows = journal->orders({.include_live = true});
  ensure(rows && rows->size() == 1, "the journal holds one order");
  return rows->front();
}

std::shared_ptr<Replayer> Scene::new_replayer(const std::string& owner) {
  auto replayer = std::make_shared<Replayer>(
      OrderWork::Ports{*journal, vault, metrics, world.clock(), world.random(), owner}, world.executor());
  std::vector<ReplayRoute> routes;
  routes.push_back({route, stand_in, dialect, counterparties()});
  replayer->configure(std::move(routes));
  return replayer;
}

std::map<std::string, Counterparty> Scene::counterparties() const {
  return {{upstream.name, {.party = party, .dialect = dialect, .queries = *make_queries(upstream), .search = nullptr}}};
}

}  // namespace standin
