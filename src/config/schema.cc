#include "config/schema.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "config/forms.h"
#include "config/keys.h"
#include "config/value_check.h"

namespace standin {
namespace {

using Path = std::vector<std::string>;

std::string joined(const Path& path) { return fmt::format("{}", fmt::join(path, ".")); }

class Walk {
 public:
  explicit Walk(Problems& problems) : problems_(problems) {}

  void table(const Node& node, Path& path) {
    for (const Node& entry : node.items) {
      path.push_back(entry.key);
      this->entry(entry, path);
      path.pop_back();
    }
    missing(node, path);
  }

 private:
  void entry(const Node& node, Path& path) {
    const Key* key = find_key(path);
    if (key == nullptr) return unknown(node, path);
    check_own_name(node, *key);
    if (key->kind == Kind::later) {
      return problems_.error(
          node.key_place, fmt::format("'{}' is not in this version, which has no {} yet", joined(path), key->meaning));
    }
    if (key->kind == Kind::tables || key->kind == Kind::texts_or_tables) return tables(node, *key, path);
    const bool may_be_table = key->kind == Kind::name_or_table || key->kind == Kind::choice_or_table;
    if (may_be_table && node.type == Node::Type::table) return table(node, path);
    if (key->kind != Kind::table) return check_value(node, *key, joined(path), problems_);
    if (node.type != Node::Type::table) return wrong_type(node, *key, path);
    table(node, path);
  }

  void tables(const Node& node, const Key& key, Path& path) {
    if (node.type != Node::Type::list) return wrong_type(node, key, path);
    for (const Node& item : node.items) {
      if (item.type == Node::Type::table) {
        table(item, path);
      } else if (key.kind != Kind::texts_or_tables || item.type != Node::Type::text) {
        wrong_type(item, key, path);
      }
    }
  }

  void check_own_name(const Node& node, const Key& key) {
    Result<void> checked;
    if (key.path.ends_with(".NAME")) checked = check_name(node.key);
    if (key.path.ends_with(".HEADER")) checked = check_header_name(node.key);
    if (!checked) problems_.error(node.key_place, fmt::format("'{}': {}", node.key, checked.error().what));
  }

  void wrong_type(const Node& node, const Key& key, const Path& path) {
    problems_.error(node.value_place, wrong_type_text(node, key, joined(path)));
  }

  void unknown(const Node& node, const Path& path) {
    const std::span parent(path.data(), path.size() - 1);
    std::vector<std::string> known;
    for (const Key* key : keys_below(parent)) known.emplace_back(last_segment(*key));
    std::string message = fmt::format("unknown key '{}'", joined(path));
    const auto meant = nearest(path.back(), known);
    if (meant) message += fmt::format("; did you mean '{}'?", *meant);
    if (!known.empty())
      message += fmt::format("{} {}", meant ? " Allowed here:" : "; allowed here:", fmt::join(known, ", "));
    problems_.error(node.key_place, std::move(message));
  }

  void missing(const Node& node, const Path& path) {
    for (const Key* key : keys_below(path)) {
      if (key->fallback != required || node.find(last_segment(*key)) != nullptr) continue;
      problems_.error(node.key_place, fmt::format("'{}{}{}' is missing: {}", joined(path), path.empty() ? "" : ".",
                                                  last_segment(*key), key->meaning));
    }
  }

  Problems& problems_;
};

}  // namespace

void check_schema(const Node& root, Problems& problems) {
  Path path;
  Walk(problems).table(root, path);
}

}  // namespace standin
