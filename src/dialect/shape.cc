#include "dialect/shape.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "dialect/body.h"
#include "dialect/json_document.h"

namespace standin {
namespace {

/// The kinds seen at one place, null aside, and the fields below it.
struct Shape {
  std::set<JsonKind> kinds;
  bool nullable = false;
  std::map<std::string, Shape, std::less<>> fields;  ///< an array's elements are the field "*"

  void merge(JsonValue value) {
    if (value.is_null()) {
      nullable = true;
      return;
    }
    kinds.insert(value.kind());
    if (value.kind() == JsonKind::array) {
      for (const JsonValue element : value) fields["*"].merge(element);
    }
    if (value.kind() != JsonKind::object) return;
    for (const JsonValue member : value) fields[std::string(member.name())].merge(member);
  }

  /// Nothing can be said about what is below: it may be null, or is an empty array.
  bool is_open() const { return nullable || (kinds.contains(JsonKind::array) && fields.empty()); }
};

std::string kinds_text(const Shape& shape) {
  std::vector<std::string_view> names;
  for (const JsonKind kind : shape.kinds) names.push_back(name(kind));
  return names.empty() ? "null" : fmt::format("{}", fmt::join(names, " or "));
}

class Comparison {
 public:
  void compare(const std::string& path, const Shape& real, const Shape& ours) {
    if (real.kinds.empty() || ours.kinds.empty()) return;  // null alone
    if (real.kinds != ours.kinds && !real.nullable && !ours.nullable) {
      say(fmt::format("{} is {} in the party's answer, {} in the template", path.empty() ? "the body" : path,
                      kinds_text(real), kinds_text(ours)));
      return;
    }
    compare_fields(path, real, ours);
  }

  void say(std::string sentence) {
    if (said_.size() < shape_differences_max) {
      said_.push_back(std::move(sentence));
    } else {
      ++unsaid_;
    }
  }

  std::vector<std::string> take() {
    if (unsaid_ > 0) said_.push_back(fmt::format("and {} differences more", unsaid_));
    return std::move(said_);
  }

 private:
  void compare_fields(const std::string& path, const Shape& real, const Shape& ours) {
    for (const auto& [field, shape] : real.fields) {
      const std::string below = fmt::format("{}/{}", path, shown_name(field));
      const auto same = ours.fields.find(field);
      if (same != ours.fields.end()) {
        compare(below, shape, same->second);
      } else if (!ours.is_open()) {
        say(fmt::format("the party's answer has {} ({}), the template does not", below, kinds_text(shape)));
      }
    }
    if (real.is_open()) return;
    for (const auto& [field, shape] : ours.fields) {
      if (real.fields.contains(field)) continue;
      say(fmt::format("the template has {}/{} ({}), the party's answer does not", path, shown_name(field),
                      kinds_text(shape)));
    }
  }

  std::vector<std::string> said_;
  std::size_t unsaid_ = 0;
};

void compare_bodies(Comparison& comparison, const Response& real, const Response& ours) {
  const auto real_document = JsonDocument::parse(real.body);
  const auto our_document = JsonDocument::parse(ours.body);
  if (!our_document) return;
  if (!real_document) return comparison.say("the body of the party's answer " + real_document.error().what);
  Shape real_shape, our_shape;
  real_shape.merge(real_document->root());
  our_shape.merge(our_document->root());
  comparison.compare("", real_shape, our_shape);
}

}  // namespace

std::vector<std::string> shape_differences(const Response& real, const Response& ours) {
  Comparison comparison;
  if (real.status != ours.status) {
    comparison.say(fmt::format("the party answers with status {}, the template with {}", real.status, ours.status));
  }
  const std::string real_media = media_type(real.headers);
  const std::string our_media = media_type(ours.headers);
  if (real_media != our_media) {
    comparison.say(fmt::format("the party answers with content type {}, the template with {}",
                               real_media.empty() ? "none" : shown_name(real_media),
                               our_media.empty() ? "none" : our_media));
  } else if (body_kind(our_media) == BodyKind::json) {
    compare_bodies(comparison, real, ours);
  }
  return comparison.take();
}

}  // namespace standin
