#include <fmt/format.h>

#include <algorithm>

#include "base/money.h"
#include "base/text.h"
#include "config/forms.h"
#include "config/sections.h"
#include "config/units.h"
#include "config/values.h"

namespace standin {
namespace {

class CredentialsReader {
 public:
  CredentialsReader(const Node& file_name, Problems& problems) : file_name_(file_name), problems_(problems) {}

  std::vector<AccountConfig> read_all(std::string_view text) {
    for (const std::string_view line : split(text, '\n')) {
      ++line_;
      add(line.substr(0, line.find('#')));
    }
    if (found_.empty()) error("it holds no credential: write a line KEY, KEY PIN or KEY PIN COUNTRY for each");
    return std::move(found_);
  }

 private:
  void error(std::string_view what) {
    problems_.error(file_name_.value_place, fmt::format("'credentials_file': {}", what));
  }

  void add(std::string_view line) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) return;
    if (words.size() > 3) return error(fmt::format("line {} of it is not KEY PIN COUNTRY", line_));
    const bool clean = std::ranges::all_of(words, [](const std::string& word) {
      return std::ranges::all_of(word, [](char c) { return c > ' ' && c < 127; });
    });
    if (!clean) return error(fmt::format("line {} of it holds what is not printable ASCII", line_));
    if (std::ranges::find(found_, words[0], &AccountConfig::key) != found_.end()) {
      return error(fmt::format("line {} of it names a key that an earlier line names", line_));
    }
    const std::string pin = words.size() > 1 && words[1] != "-" ? words[1] : "";
    const std::string country = words.size() > 2 ? words[2] : "";
    if (!country.empty() && !check_country(country)) {
      return error(fmt::format("line {} of it has a third word that is not an ISO 3166 country, such as US", line_));
    }
    found_.push_back({words[0], pin, country});
  }

  static std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    constexpr std::string_view space = " \t\r";
    for (auto start = line.find_first_not_of(space); start != std::string_view::npos;) {
      const auto end = std::min(line.find_first_of(space, start), line.size());
      words.emplace_back(line.substr(start, end - start));
      start = line.find_first_not_of(space, end);
    }
    return words;
  }

  const Node& file_name_;
  Problems& problems_;
  std::vector<AccountConfig> found_;
  int line_ = 0;
};

void check_form(const Node& table, std::string_view path, const std::string& text,
                Result<void> (*check)(std::string_view), Problems& problems) {
  const auto checked = check(text);
  if (text.empty() || checked) return;
  const Node* node = table.find(path);
  problems.error(node != nullptr ? node->value_place : table.key_place,
                 fmt::format("'{}': {}", path, checked.error().what));
}

Result<void> check_currency(std::string_view text) {
  if (Currency::parse(text)) return {};
  return failure(fmt::format("'{}' is not an ISO 4217 currency", text));
}

}  // namespace

void read_gateway(const Node& table, const Folder& folder, UpstreamConfig& upstream, Problems& problems) {
  read(table, "currency", upstream.currency);
  check_form(table, "currency", upstream.currency, check_currency, problems);
  if (const auto currency = Currency::parse(upstream.currency)) upstream.currency = currency->code();
  read(table, "country", upstream.country);
  check_form(table, "country", upstream.country, check_country, problems);
  if (const auto secrets = read_secrets(table, "credentials_file", folder, problems)) {
    upstream.credentials = CredentialsReader(*table.find("credentials_file"), problems).read_all(*secrets);
  }
  if (!upstream.finder) return;
  FinderConfig& finder = *upstream.finder;
  read(table, "finder.before", finder.before);
  read(table, "finder.after", finder.after);
  read(table, "finder.timezone", finder.timezone);
  check_form(table, "finder.timezone", finder.timezone, check_timezone, problems);
  std::vector<std::string> rates;
  read(table, "finder.searches", rates);
  for (const std::string& rate : rates) {
    if (const auto parsed = parse_rate(rate)) finder.searches.push_back(*parsed);
  }
}

}  // namespace standin
