#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/message.h"

namespace standin {

/// The segments of a path of a folder: decoded, and none that leads elsewhere: no `..`, no hidden file, no empty one,
/// no slash or NUL that was encoded. Nothing if it is no such path. An `index.html` is added to what ends in a slash.
std::optional<std::vector<std::string>> file_path(std::string_view path);

/// The media type of a file by its name's ending.
std::string_view media_type_of(std::string_view file_name);

/// What a file of `folder` answers to a GET or HEAD for its path; nothing if there is none. Symbolic links in the
/// folder are not followed, wherever they lead. The file is read when the body is asked for; blocks no longer than the
/// disk takes for a piece of it.
std::optional<Response> fallback_file(const std::string& folder, const Request& request);

}  // namespace standin
