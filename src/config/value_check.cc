#include "config/value_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/money.h"
#include "base/text.h"
#include "config/forms.h"
#include "config/units.h"

namespace standin {
namespace {

using Type = Node::Type;

class Check {
 public:
  Check(const Key& key, const std::string& path, Problems& problems) : key_(key), path_(path), problems_(problems) {}

  void value(const Node& node) {
    switch (key_.kind) {
      case Kind::text: is(node, Type::text); return;
      case Kind::name:
      case Kind::name_or_table: return name(node);
      case Kind::names: return names(node);
      case Kind::flag: is(node, Type::flag); return;
      case Kind::count:
      case Kind::number: return number(node);
      case Kind::duration:
      case Kind::span:
      case Kind::window: return duration(node);
      case Kind::bytes:
      case Kind::limit: return bytes(node);
      case Kind::money: return node.type == Type::list ? list(node, &Check::money) : money(node);
      case Kind::decimal: return decimal_amount(node);
      case Kind::status: return status(node);
      case Kind::pointer: return pointer(node);
      case Kind::selector: return selector(node);
      case Kind::choice:
      case Kind::choice_or_table: return choice(node);
      case Kind::choices: return list(node, &Check::choice);
      case Kind::rates: return list(node, &Check::rate);
      case Kind::texts: return list(node, &Check::text);
      case Kind::statuses: return list(node, &Check::status);
      case Kind::selectors: return list(node, &Check::selector);
      case Kind::intent: return intent(node);
      case Kind::table:
      case Kind::tables:
      case Kind::texts_or_tables:
      case Kind::later: unreachable();
    }
    unreachable();
  }

 private:
  bool is(const Node& node, Type type) {
    if (node.type != type) problems_.error(node.value_place, wrong_type_text(node, key_, path_));
    return node.type == type;
  }

  void wrong(const Node& node, const std::string& what) {
    problems_.error(node.value_place, fmt::format("'{}': {}", path_, what));
  }

  /// The form is described by the Error's text, so that the same words are used wherever it is parsed.
  template <class T>
  void form(const Node& node, const Result<T>& parsed) {
    if (!parsed) wrong(node, parsed.error().what);
  }

  void list(const Node& node, void (Check::*item)(const Node&)) {
    if (!is(node, Type::list)) return;
    for (const Node& each : node.items) (this->*item)(each);
  }

  void text(const Node& node) { is(node, Type::text); }

  void name(const Node& node) {
    if (is(node, Type::text)) form(node, check_name(node.text));
  }

  void names(const Node& node) {
    if (node.type != Type::list) return name(node);
    if (node.items.empty()) wrong(node, "names at least one");
    list(node, &Check::name);
  }

  void rate(const Node& node) {
    if (is(node, Type::text)) form(node, parse_rate(node.text));
  }

  void number(const Node& node) {
    const bool whole_only = key_.kind == Kind::count;
    if (node.type != Type::whole && (whole_only || node.type != Type::real)) {
      is(node, Type::whole);
      return;
    }
    const auto [low, high] = bounds(key_);
    const double given = node.type == Type::whole ? static_cast<double>(node.whole) : node.real;
    if (!(given >= low && given <= high)) wrong(node, fmt::format("{} is not a {}", given, kind_text(key_)));
  }

  void duration(const Node& node) {
    if (node.type == Type::whole)
      return wrong(node, fmt::format("{0} has no unit: write \"{0}s\" or the like", node.whole));
    if (!is(node, Type::text)) return;
    if (key_.kind == Kind::window && node.text == "forever") return;
    const auto span = parse_duration(node.text);
    form(node, span);
    if (span && *span == Duration::zero() && key_.kind != Kind::span) wrong(node, "is more than nothing");
  }

  void bytes(const Node& node) {
    if (node.type == Type::whole)
      return wrong(node, fmt::format("{0} has no unit: write \"{0}B\" or the like", node.whole));
    if (!is(node, Type::text)) return;
    if (key_.kind == Kind::limit && node.text == "none") return;
    const auto size = parse_bytes(node.text);
    form(node, size);
    if (size && *size == 0) wrong(node, "is more than nothing");
  }

  void money(const Node& node) {
    if (is(node, Type::text)) form(node, parse_money(node.text));
  }

  void decimal_amount(const Node& node) {
    const auto currency = Currency::parse(node.key);
    if (!currency) {
      return problems_.error(node.key_place, fmt::format("'{}': '{}' is not an ISO 4217 currency", path_, node.key));
    }
    if (node.type == Type::real || node.type == Type::whole) {
      return wrong(node, "amounts are written as text, such as \"25.00\", because they must be exact");
    }
    if (is(node, Type::text)) form(node, money_from_decimal(node.text, *currency));
  }

  void status(const Node& node) {
    if (!is(node, Type::whole)) return;
    if (node.whole < 200 || node.whole > 599)
      wrong(node, fmt::format("{} is not a final HTTP status, 200..599", node.whole));
  }

  void pointer(const Node& node) {
    if (is(node, Type::text)) form(node, check_pointer(node.text));
  }

  void selector(const Node& node) {
    if (is(node, Type::text)) form(node, check_selector(node.text));
  }

  void choice(const Node& node) {
    if (!is(node, Type::text)) return;
    const std::vector<std::string> allowed = choices_of(key_);
    if (std::ranges::find(allowed, node.text) != allowed.end()) return;
    if (is_later_choice(key_, node.text)) {
      return wrong(node,
                   fmt::format("'{}' is not in this version: it is one of {}", node.text, fmt::join(allowed, ", ")));
    }
    const auto meant = nearest(node.text, allowed);
    const std::string hint = key_.hint.empty() ? std::string() : fmt::format("; {}", key_.hint);
    wrong(node, fmt::format("'{}' is not one of {}{}{}", node.text, fmt::join(allowed, ", "),
                            meant ? fmt::format("; did you mean '{}'?", *meant) : "", hint));
  }

  void intent(const Node& node) {
    if (node.type == Type::list) {
      if (node.items.empty()) wrong(node, "names at least one fact, or is \"none\"");
      return list(node, &Check::text);
    }
    if (!is(node, Type::text)) return;
    if (node.text.starts_with('/'))
      return wrong(node, fmt::format("a pointer is written in a list: [\"{}\"]", node.text));
    form(node, check_header_name(node.text));
  }

  const Key& key_;
  const std::string& path_;
  Problems& problems_;
};

}  // namespace

void check_value(const Node& node, const Key& key, const std::string& path, Problems& problems) {
  if (node.text.contains('\0'))
    return problems.error(node.value_place, fmt::format("'{}' holds a NUL character", path));
  Check(key, path, problems).value(node);
}

std::string wrong_type_text(const Node& node, const Key& key, const std::string& path) {
  std::string message = fmt::format("'{}': expected {}, found {}", path, kind_text(key), name(node.type));
  if (!key.hint.empty()) message += fmt::format("; {}", key.hint);
  return message;
}

}  // namespace standin
