#include "dialect/json_dialect.h"

#include <fmt/format.h>

#include <utility>

#include "dialect/answer_template.h"
#include "dialect/body.h"
#include "dialect/facts_reader.h"
#include "dialect/judge.h"
#include "dialect/shape.h"

namespace standin {
namespace {

class JsonDialect final : public Dialect {
 public:
  struct Parts {
    FactsReader facts;
    std::vector<Selector> strip;
    Judge judge;
    AnswerTemplate approve, decline, unavailable;
  };

  explicit JsonDialect(Parts parts) : parts_(std::move(parts)) {}

  RequestReading read(const Request& request) const override {
    const auto body = std::make_shared<Body>(request.headers, request.body);
    auto facts = parts_.facts.read(*body);
    return {.facts = std::move(facts),
            .normalised = fmt::format("{} {}\n{}", request.method, request.target,
                                      canonical_body(*body, parts_.facts.body_kind(), parts_.strip)),
            .field = [body](std::string_view name) { return found(*body, name); }};
  }

  Request stripped(Request request) const override {
    request.body = stripped_body(request, parts_.facts.body_kind(), parts_.strip).value_or("");
    return request;
  }

  Judgement judge(const Response& response) const override { return parts_.judge.judge(response); }

  Response approve(const AnswerContext& context) const override { return parts_.approve.render(context); }
  Response decline(const AnswerContext& context) const override { return parts_.decline.render(context); }
  Response unavailable(const AnswerContext& context) const override { return parts_.unavailable.render(context); }

  std::vector<std::string> drift(const Response& real, const AnswerContext& context) const override {
    const Judgement judgement = judge(real);
    if (judgement.already_there || judgement.pause_replay) return {};
    switch (judgement.outcome) {
      case Outcome::approved: return shape_differences(real, approve(context));
      case Outcome::declined: return shape_differences(real, decline(context));
      case Outcome::not_done:
      case Outcome::unknown: return {};
    }
    unreachable();
  }

 private:
  static std::optional<std::string> found(Body& body, std::string_view name) {
    const auto selector = Selector::parse(name);
    if (!selector) return std::nullopt;
    auto value = body.find(*selector);
    if (!value || !*value) return std::nullopt;
    return std::move((*value)->text);
  }

  Parts parts_;
};

Result<std::vector<Selector>> strip_selectors(const StandInConfig& config) {
  std::vector<Selector> selectors;
  for (const std::string& text : config.strip) {
    auto selector = Selector::parse(text);
    if (!selector) return failure("strip: " + selector.error().what, text);
    selectors.push_back(std::move(*selector));
  }
  return selectors;
}

std::unexpected<Error> in_stand_in(const StandInConfig& config, const Error& error) {
  return failure(fmt::format("stand_in.{}: {}", config.name, error.what), error.where);
}

}  // namespace

Result<std::shared_ptr<const Dialect>> make_json_dialect(const StandInConfig& config, const Vault& vault) {
  auto facts = FactsReader::make(config, vault);
  if (!facts) return in_stand_in(config, facts.error());
  auto strip = strip_selectors(config);
  if (!strip) return in_stand_in(config, strip.error());
  auto judge = Judge::make(config);
  if (!judge) return in_stand_in(config, judge.error());
  auto approve = AnswerTemplate::make(config.approve, "approve", *strip);
  if (!approve) return in_stand_in(config, approve.error());
  auto decline = AnswerTemplate::make(config.decline, "decline", *strip);
  if (!decline) return in_stand_in(config, decline.error());
  auto unavailable = AnswerTemplate::make(config.unavailable, "unavailable", *strip);
  if (!unavailable) return in_stand_in(config, unavailable.error());
  return std::make_shared<const JsonDialect>(JsonDialect::Parts{std::move(*facts), std::move(*strip), std::move(*judge),
                                                                std::move(*approve), std::move(*decline),
                                                                std::move(*unavailable)});
}

}  // namespace standin
