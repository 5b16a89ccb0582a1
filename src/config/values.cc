#include "config/values.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "config/units.h"

namespace standin {
namespace {

const Node* typed(const Node& table, std::string_view path, Node::Type type) {
  const Node* node = table.find(path);
  return node != nullptr && node->type == type ? node : nullptr;
}

template <class Number>
void read_whole(const Node& table, std::string_view path, Number& out) {
  const Node* node = typed(table, path, Node::Type::whole);
  if (node != nullptr) out = static_cast<Number>(node->whole);
}

}  // namespace

void read(const Node& table, std::string_view path, std::string& out) {
  if (const Node* node = typed(table, path, Node::Type::text)) out = node->text;
}

void read(const Node& table, std::string_view path, std::vector<std::string>& out) {
  const Node* node = typed(table, path, Node::Type::list);
  if (node == nullptr) return;
  out.clear();
  for (const Node& item : node->items) out.push_back(item.text);
}

void read(const Node& table, std::string_view path, std::vector<int>& out) {
  const Node* node = typed(table, path, Node::Type::list);
  if (node == nullptr) return;
  out.clear();
  for (const Node& item : node->items) out.push_back(static_cast<int>(item.whole));
}

void read(const Node& table, std::string_view path, bool& out) {
  if (const Node* node = typed(table, path, Node::Type::flag)) out = node->flag;
}

void read(const Node& table, std::string_view path, int& out) { read_whole(table, path, out); }
void read(const Node& table, std::string_view path, unsigned& out) { read_whole(table, path, out); }

void read(const Node& table, std::string_view path, double& out) {
  if (const Node* node = typed(table, path, Node::Type::real)) out = node->real;
  if (const Node* node = typed(table, path, Node::Type::whole)) out = static_cast<double>(node->whole);
}

void read(const Node& table, std::string_view path, Duration& out) {
  const Node* node = typed(table, path, Node::Type::text);
  if (node == nullptr) return;
  const auto span = parse_duration(node->text);
  if (span) out = *span;
  if (node->text == "forever") out = Duration::max();
}

void read_bytes(const Node& table, std::string_view path, std::size_t& out) {
  const Node* node = typed(table, path, Node::Type::text);
  if (node == nullptr) return;
  if (node->text == "none") out = std::numeric_limits<std::size_t>::max();
  const auto size = parse_bytes(node->text);
  if (size) out = *size;
}

std::vector<const Node*> tables_in(const Node& root, std::string_view key) {
  std::vector<const Node*> tables;
  const Node* parent = root.find(key);
  if (parent == nullptr) return tables;
  for (const Node& item : parent->items) {
    if (item.type == Node::Type::table) tables.push_back(&item);
  }
  return tables;
}

Result<std::string> read_file(const std::string& path, std::size_t size_max) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return failure("is a folder, not a file", path);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(fmt::format("cannot be read: {}", std::strerror(errno)), path);
  std::string bytes(size_max + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return failure("cannot be read to its end", path);
  if (bytes.size() > size_max) return failure(fmt::format("is larger than {}", bytes_text(size_max)), path);
  return bytes;
}

Result<std::string> read_regular_file(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return failure("there is no such file", path);
  if (error) return failure(fmt::format("cannot be read: {}", error.message()), path);
  if (!std::filesystem::is_regular_file(status)) return failure("is not a regular file", path);
  return read_file(path);
}

}  // namespace standin
