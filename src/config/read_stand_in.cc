#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/forms.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/values.h"

namespace standin {
namespace {

/// Of the message's framing, which is ours to write.
bool is_framing(std::string_view header) {
  return equal_ignoring_case(header, "Content-Length") || equal_ignoring_case(header, "Transfer-Encoding") ||
         equal_ignoring_case(header, "Connection");
}

class StandInReader {
 public:
  StandInReader(const Node& table, const Folder& folder, Problems& problems)
      : table_(table), folder_(folder), problems_(problems) {}

  StandInConfig read_all() {
    StandInConfig out;
    out.name = table_.key;
    read(table_, "dialect", out.dialect);
    facts(out);
    read(table_, "require", out.require);
    out.approve = answer("approve");
    out.decline = answer("decline");
    out.unavailable = answer("unavailable");
    read(table_, "policy", out.policy);
    read(table_, "strip", out.strip);
    out.expect = expect("expect");
    if (table_.find("have_it") != nullptr) out.have_it = expect("have_it");
    out.undelivered = parse_undelivered(word("undelivered")).value_or(out.undelivered);
    replay(out);
    return out;
  }

 private:
  std::string word(std::string_view path) {
    std::string text;
    read(table_, path, text);
    return text;
  }

  void facts(StandInConfig& out) {
    out.amount_unit = parse_amount_unit(word("amount_unit"));
    read(table_, "currency", out.currency);
    if (!out.currency.empty() && !Currency::parse(out.currency)) {
      problems_.error(table_.place_of("currency"), fmt::format("'{}' is not an ISO 4217 currency", out.currency));
    }
    const Node* facts = table_.find("facts");
    if (facts == nullptr || facts->type != Node::Type::table) return;
    for (const Node& fact : facts->items) {
      if (fact.type == Node::Type::text) out.facts.emplace(fact.key, fact.text);
    }
  }

  void headers(const Node& answer, TemplateConfig& out) {
    const Node* headers = answer.find("headers");
    if (headers == nullptr || headers->type != Node::Type::table) return;
    for (const Node& header : headers->items) {
      if (is_framing(header.key)) {
        problems_.error(header.key_place, fmt::format("'{}' is written by standin itself", header.key));
      }
      const auto checked = check_header_value(header.text);
      if (!checked) problems_.error(header.value_place, fmt::format("'{}': {}", header.key, checked.error().what));
      out.headers.emplace_back(header.key, header.text);
    }
  }

  void body(const Node& answer, TemplateConfig& out) {
    const Node* inline_body = answer.find("body");
    const Node* file_name = answer.find("body_file");
    if (inline_body != nullptr) out.where = at(problems_.file(), inline_body->value_place);
    read(answer, "body", out.body);
    if (file_name == nullptr || file_name->type != Node::Type::text) return;
    if (inline_body != nullptr) {
      return problems_.error(file_name->key_place, fmt::format("'{}' has both body and body_file", answer.key));
    }
    const std::string path = folder_.resolve(file_name->text);
    auto bytes = read_regular_file(path);
    if (!bytes) {
      return problems_.error(file_name->value_place, fmt::format("'body_file': '{}' {}", path, bytes.error().what));
    }
    out.body = std::move(*bytes);
    out.where = at(path, {1, 1});
  }

  TemplateConfig answer(std::string_view key) {
    TemplateConfig out;
    const Node* node = table_.find(key);
    if (node == nullptr || node->type != Node::Type::table) return out;
    out.where = at(problems_.file(), node->key_place);
    read(*node, "status", out.status);
    headers(*node, out);
    body(*node, out);
    return out;
  }

  ExpectConfig expect(std::string_view key) {
    ExpectConfig out;
    const Node* node = table_.find(key);
    if (node == nullptr || node->type != Node::Type::table) return out;
    read(*node, "status", out.status);
    read(*node, "content_type", out.content_type);
    read(*node, "pointer", out.pointer);
    if (node->find("status") != nullptr && out.status.empty()) {
      problems_.error(node->place_of("status"), fmt::format("'{}.status' names at least one status", key));
    }
    if (out.content_type.empty() && out.pointer.empty()) {
      problems_.error(
          node->key_place,
          fmt::format("'{}' needs a pointer or a content_type: by its status alone, a login page or a proxy's "
                      "error page would count as the upstream's word",
                      key));
    }
    return out;
  }

  void replay(StandInConfig& out) {
    out.replay_by_itself = word("replay.start") == "when-healthy";
    read(table_, "replay.rate", out.replay_rate);
    read(table_, "replay.concurrency", out.replay_concurrency);
    out.replay_credential = credential();
  }

  std::optional<std::string> credential() {
    const auto bytes = read_secrets(table_, "replay.credential_file", folder_, problems_);
    if (!bytes) return std::nullopt;
    const std::string_view line = trim(*bytes);
    const auto colon = line.find(':');
    const bool header = colon != std::string_view::npos && check_header_name(line.substr(0, colon)) &&
                        check_header_value(line.substr(colon + 1));
    if (!header) {
      problems_.error(table_.find("replay.credential_file")->value_place,
                      "'credential_file' is not one line such as \"Authorization: ...\"");
    }
    return std::string(line);
  }

  const Node& table_;
  const Folder& folder_;
  Problems& problems_;
};

}  // namespace

StandInConfig read_stand_in(const Node& table, const Folder& folder, Problems& problems) {
  return StandInReader(table, folder, problems).read_all();
}

}  // namespace standin
