#include "cache/fallback_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cache/cache_limits.h"
#include "cache/kept_answer.h"
#include "net/body.h"

namespace standin {
namespace {

constexpr std::size_t depth_max = 32;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

/// One file, read as it is asked for.
class FileBody final : public BodySource {
 public:
  FileBody(Descriptor file, std::uint64_t size) : file_(std::move(file)), left_(size) {}

  Task<Piece> next() override {
    if (failure_) co_return std::unexpected(*failure_);
    if (left_ == 0) co_return std::string_view();
    buffer_.resize(std::min<std::uint64_t>(left_, limits::cached_body_piece));
    const ssize_t count = pread(file_.number(), buffer_.data(), buffer_.size(), at_);
    if (count <= 0) {
      failure_ = FramingRefusal{502, "the file became shorter while it was read"};
      co_return std::unexpected(*failure_);
    }
    at_ += count;
    left_ -= static_cast<std::uint64_t>(count);
    co_return std::string_view(buffer_).substr(0, static_cast<std::size_t>(count));
  }
  const std::optional<FramingRefusal>& failure() const override { return failure_; }

 private:
  const Descriptor file_;
  std::uint64_t left_;
  off_t at_ = 0;
  std::string buffer_;
  std::optional<FramingRefusal> failure_;
};

/// Segment by segment, each below the one before and none a symbolic link: nothing outside can be reached, whatever is
/// renamed meanwhile. (openat2 would do it in one call; containers' seccomp profiles often refuse it.)
Descriptor open_below(const std::string& folder, const std::vector<std::string>& path) {
  Descriptor here(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t i = 0; here.open() && i + 1 < path.size(); ++i) {
    here = Descriptor(openat(here.number(), path[i].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!here.open()) return here;
  // Opening a pipe must not wait for its writer.
  return Descriptor(openat(here.number(), path.back().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

struct OpenFile {
  Descriptor descriptor;
  struct stat about{};
};

std::optional<OpenFile> open_file(const std::string& folder, std::vector<std::string> path) {
  for (const bool folder_itself : {false, true}) {
    if (folder_itself) path.emplace_back("index.html");
    OpenFile file{open_below(folder, path)};
    if (!file.descriptor.open() || fstat(file.descriptor.number(), &file.about) != 0) return std::nullopt;
    if (S_ISREG(file.about.st_mode)) return file;
    if (!S_ISDIR(file.about.st_mode)) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = parse_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    decoded += static_cast<char>(byte->front());
    i += 2;
  }
  return decoded;
}

struct MediaType {
  std::string_view ending, type;
};
constexpr std::array media_types{
    MediaType{"html", "text/html; charset=utf-8"},
    MediaType{"htm", "text/html; charset=utf-8"},
    MediaType{"css", "text/css; charset=utf-8"},
    MediaType{"js", "text/javascript; charset=utf-8"},
    MediaType{"mjs", "text/javascript; charset=utf-8"},
    MediaType{"json", "application/json"},
    MediaType{"txt", "text/plain; charset=utf-8"},
    MediaType{"xml", "application/xml"},
    MediaType{"svg", "image/svg+xml"},
    MediaType{"png", "image/png"},
    MediaType{"jpg", "image/jpeg"},
    MediaType{"jpeg", "image/jpeg"},
    MediaType{"gif", "image/gif"},
    MediaType{"webp", "image/webp"},
    MediaType{"avif", "image/avif"},
    MediaType{"ico", "image/x-icon"},
    MediaType{"woff", "font/woff"},
    MediaType{"woff2", "font/woff2"},
    MediaType{"pdf", "application/pdf"},
    MediaType{"webmanifest", "application/manifest+json"},
};

WallTime modified(const struct stat& about) {
  return wall_time(std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000);
}

}  // namespace

std::optional<std::vector<std::string>> file_path(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  std::vector<std::string> segments;
  const std::vector<std::string_view> raw = split(path.substr(1), '/');
  if (raw.size() > depth_max) return std::nullopt;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    auto segment = percent_decoded(raw[i]);
    const bool last = i + 1 == raw.size();
    if (segment && segment->empty() && last) segment = "index.html";
    if (!segment || segment->empty() || segment->starts_with('.')) return std::nullopt;
    if (segment->find_first_of(std::string_view("/\\\0", 3)) != std::string::npos) return std::nullopt;
    segments.push_back(std::move(*segment));
  }
  return segments;
}

std::string_view media_type_of(std::string_view file_name) {
  const std::string ending = lower(file_name.substr(file_name.rfind('.') + 1));
  for (const MediaType& known : media_types) {
    if (ending == known.ending) return known.type;
  }
  return "application/octet-stream";
}

std::optional<Response> fallback_file(const std::string& folder, const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  auto path = file_path(request.path());
  if (!path) return std::nullopt;
  const std::string name = path->back();
  auto file = open_file(folder, std::move(*path));
  if (!file) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(file->about.st_size);
  Response response{.status = 200};
  response.headers.add("ETag", fmt::format("\"{:x}-{:x}\"", unix_ms(modified(file->about)), size));
  response.headers.add("Last-Modified", http_date(modified(file->about)));
  // For the time of an outage: whoever keeps it has to ask, and gets the real page once there is one again.
  response.headers.add("Cache-Control", "no-cache");
  if (client_has_it(request.headers, response.headers)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", media_type_of(name.contains('.') ? name : "index.html"));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Content-Length", std::to_string(size));
  if (request.method == "GET" && size > 0) {
    response.rest = std::make_shared<FileBody>(std::move(file->descriptor), size);
  }
  return response;
}

}  // namespace standin
