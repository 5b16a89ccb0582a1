#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/text.h"
#include "vault/cipher.h"
#include "vault/key_file.h"

namespace standin {
namespace {

constexpr std::string_view first_line = "standin keys, version 1";
constexpr std::string_view first_line_any_version = "standin keys, version ";

std::optional<Secret> parse_secret(std::string_view text) {
  auto bytes = parse_hex(text);
  if (!bytes || bytes->size() != Secret::size) return std::nullopt;
  Secret secret(std::span<const std::uint8_t, Secret::size>(bytes->data(), Secret::size));
  cleanse(*bytes);
  return secret;
}

/// "wrap-7" is 7.
std::optional<std::uint32_t> wrapping_id(std::string_view name) {
  constexpr std::string_view prefix = "wrap-";
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size() || id == 0) return std::nullopt;
  return id;
}

std::unexpected<Error> bad_line(std::size_t line, std::string_view problem, const std::string& file) {
  return failure(fmt::format("{}:{}: {}; restore the file from its backup", file, line, problem), file);
}

Result<void> check_first_line(std::string_view line, const std::string& file) {
  if (line == first_line) return {};
  if (line.starts_with(first_line_any_version)) {
    return failure(fmt::format("{} was written by a newer standin; this one reads version 1: upgrade it", file), file);
  }
  return failure(fmt::format("{} is not a key file of standin; `standin keys new` writes one", file), file);
}

struct Lines {
  std::map<std::string, Secret, std::less<>> named;
  std::vector<Keys::KeyEncryptionKey> wrapping;
};

/// One "name hex" line; what is wrong with it, or "".
std::string_view take_line(std::string_view line, Lines& lines) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return "expected a name, a space and a key";
  const std::string_view name = line.substr(0, space);
  const auto secret = parse_secret(trim(line.substr(space)));
  if (!secret) return "a key is 64 hexadecimal characters";
  if (const auto id = wrapping_id(name)) {
    if (std::ranges::count(lines.wrapping, *id, &Keys::KeyEncryptionKey::id) > 0) return "this key is there twice";
    lines.wrapping.push_back({*id, *secret});
    return "";
  }
  if (name != "order-key" && name != "payload" && name != "fingerprint" && name != "sign") return "no such kind of key";
  return lines.named.emplace(name, *secret).second ? "" : "this key is there twice";
}

}  // namespace

Result<Keys> parse_keys(std::string_view text, const std::string& file) {
  const auto text_lines = split(text, '\n');
  if (auto known = check_first_line(text_lines.empty() ? "" : text_lines.front(), file); !known) {
    return std::unexpected(known.error());
  }
  Lines lines;
  for (std::size_t number = 1; number < text_lines.size(); ++number) {
    const std::string_view line = trim(text_lines[number]);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view problem = take_line(line, lines);
    if (!problem.empty()) return bad_line(number + 1, problem, file);
  }
  if (lines.wrapping.empty() || lines.named.size() != 4) {
    return failure(fmt::format("{} lacks keys: it was cut short; restore it from its backup", file), file);
  }
  return Keys{std::move(lines.wrapping), lines.named["order-key"], lines.named["payload"], lines.named["fingerprint"],
              lines.named["sign"]};
}

std::string render_keys(const Keys& keys) {
  std::string text;
  text.reserve(4096 + 128 * keys.wrapping.size());  // never moved, so that no copy of a key stays in freed memory
  text += fmt::format(
      "{}\n"
      "# Whoever has this file reads the journal. Back it up apart from the journal, and never edit it:\n"
      "# `standin keys rotate` adds a wrap key, newest first; the others never change.\n",
      first_line);
  const auto add = [&text](std::string_view name, const Secret& secret) {
    std::string digits = hex(secret.reveal());
    text.append(name).append(" ").append(digits).append("\n");
    cleanse(digits);
  };
  add("order-key", keys.order_key);
  add("payload", keys.payload);
  add("fingerprint", keys.fingerprint);
  add("sign", keys.sign);
  for (const auto& wrapping : keys.wrapping) add(fmt::format("wrap-{}", wrapping.id), wrapping.key);
  return text;
}

Keys draw_keys(Random& random) {
  return Keys{{{1, Secret::draw(random)}},
              Secret::draw(random),
              Secret::draw(random),
              Secret::draw(random),
              Secret::draw(random)};
}

void add_wrapping_key(Keys& keys, Random& random) {
  const std::uint32_t newest = std::ranges::max(keys.wrapping, {}, &Keys::KeyEncryptionKey::id).id;
  keys.wrapping.insert(keys.wrapping.begin(), {newest + 1, Secret::draw(random)});
}

}  // namespace standin
