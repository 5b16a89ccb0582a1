#include "sim/checkers/answer_fields.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace standin::sim {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 8259, less what no answer needs: escapes are not looked into.
class JsonReader {
 public:
  using Fields = std::map<std::string, JsonField>;
  explicit JsonReader(std::string_view text) : rest_(text) {}

  std::optional<Fields> read() {
    if (!value("", 0)) return std::nullopt;
    skip_space();
    if (!rest_.empty()) return std::nullopt;
    return std::move(fields_);
  }

 private:
  bool value(const std::string& path, int depth) {
    constexpr int depth_max = 64;
    skip_space();
    if (rest_.empty() || depth > depth_max) return false;
    if (rest_.front() == '{') return object(path, depth);
    if (rest_.front() == '[') return array(path, depth);
    if (rest_.front() == '"') {
      const auto text = quoted();
      return text && add(path, {JsonField::Kind::text, *text});
    }
    for (const std::string_view word : {"true", "false"}) {
      if (take(word)) return add(path, {JsonField::Kind::flag, std::string(word)});
    }
    if (take("null")) return add(path, {JsonField::Kind::null, ""});
    return number(path);
  }

  bool object(const std::string& path, int depth) {
    if (!add(path, {JsonField::Kind::object, ""})) return false;
    rest_.remove_prefix(1);
    skip_space();
    if (take("}")) return true;
    do {
      skip_space();
      const auto name = quoted();
      skip_space();
      if (!name || !take(":") || !value(path.empty() ? *name : path + "/" + *name, depth + 1)) return false;
      skip_space();
    } while (take(","));
    return take("}");
  }

  bool array(const std::string& path, int depth) {
    if (!add(path, {JsonField::Kind::array, ""})) return false;
    rest_.remove_prefix(1);
    skip_space();
    if (take("]")) return true;
    int index = 0;
    do {
      if (!value(path + "/" + std::to_string(index++), depth + 1)) return false;
      skip_space();
    } while (take(","));
    return take("]");
  }

  std::optional<std::string> quoted() {
    if (!rest_.starts_with('"')) return std::nullopt;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '\\') {
        ++at;
      } else if (static_cast<unsigned char>(rest_[at]) < ' ') {
        return std::nullopt;
      } else if (rest_[at] == '"') {
        std::string text(rest_.substr(1, at - 1));
        rest_.remove_prefix(at + 1);
        return text;
      }
    }
    return std::nullopt;
  }

  bool number(const std::string& path) {
    const std::size_t size = std::min(rest_.find_first_not_of("+-.0123456789eE"), rest_.size());
    const std::string_view digits = rest_.substr(0, size);
    double read = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + size, read);
    const std::string_view bare = digits.starts_with('-') ? digits.substr(1) : digits;
    const bool padded = bare.size() > 1 && bare[0] == '0' && is_digit(bare[1]);
    if (error != std::errc{} || end != digits.data() + size || padded || bare.empty() || !is_digit(bare[0])) {
      return false;
    }
    rest_.remove_prefix(size);
    return add(path, {JsonField::Kind::number, std::string(digits)});
  }

  bool add(const std::string& path, JsonField field) { return fields_.emplace(path, std::move(field)).second; }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string_view rest_;
  Fields fields_;
};

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(byte);
    at += 2;
  }
  return out;
}

}  // namespace

std::optional<std::map<std::string, JsonField>> json_fields(std::string_view text) { return JsonReader(text).read(); }

std::optional<std::map<std::string, std::string>> form_fields(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = decoded(pair.substr(0, equals));
    const auto value = decoded(pair.substr(equals + 1));
    if (!name || !value || !fields.emplace(*name, *value).second) return std::nullopt;
  }
  return fields;
}

}  // namespace standin::sim
