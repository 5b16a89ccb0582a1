#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/tree.h"

/// Reads the value at `path` of a table into `out`. What is absent, or has been reported by check_schema, leaves `out`
/// as it was: its default.
namespace standin {

void read(const Node& table, std::string_view path, std::string& out);
void read(const Node& table, std::string_view path, std::vector<std::string>& out);
void read(const Node& table, std::string_view path, std::vector<int>& out);
void read(const Node& table, std::string_view path, bool& out);
void read(const Node& table, std::string_view path, int& out);
void read(const Node& table, std::string_view path, unsigned& out);
void read(const Node& table, std::string_view path, double& out);
/// "forever" is Duration::max().
void read(const Node& table, std::string_view path, Duration& out);
/// "none" is the largest size there is.
void read_bytes(const Node& table, std::string_view path, std::size_t& out);

/// The tables of a [[list]], or of a table of tables.
std::vector<const Node*> tables_in(const Node& root, std::string_view key);

/// The bytes of a file, at most `size_max`; the Error names the file.
Result<std::string> read_file(const std::string& path, std::size_t size_max = 1 << 20);
/// Reads a file that a configuration names: as above, and only a regular one, so that no pipe or device blocks a
/// reload.
Result<std::string> read_regular_file(const std::string& path);

}  // namespace standin
