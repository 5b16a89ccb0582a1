#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

class BodySource;

/// HTTP header fields in the order they came, in one flat piece of storage. Names compare without regard to case.
/// Views returned are valid until the next change.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  /// CR, LF and NUL become spaces: no value, wherever it came from, can end its line.
  void add(std::string_view name, std::string_view value);
  /// The same, of what is known to be a part of one line.
  void add_of_line(std::string_view name, std::string_view value);
  /// Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// Removes every field whose name starts with `prefix`.
  void remove_prefix(std::string_view prefix);
  /// Removes every field whose name `unwanted` is true of.
  template <class Unwanted>
  void remove_if(Unwanted unwanted) {
    std::erase_if(spans_, [&](const Span& span) { return unwanted(name_of(span)); });
  }

  std::size_t size() const { return spans_.size(); }
  bool empty() const { return spans_.empty(); }
  Field operator[](std::size_t i) const;

  class Iterator {
   public:
    Iterator(const Headers& headers, std::size_t at) : headers_(headers), at_(at) {}
    Field operator*() const { return headers_[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Headers& headers_;
    std::size_t at_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  struct Span {
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  Span store(std::string_view name, std::string_view value);
  Span store_of_line(std::string_view name, std::string_view value);
  std::string_view name_of(const Span& span) const { return {storage_.data() + span.name_at, span.name_size}; }

  std::string storage_;
  std::vector<Span> spans_;
};

struct Request {
  std::string method;
  std::string target;  ///< as it arrived, path and query, e.g. /orders?a[gte]=1
  Headers headers;
  std::string body;
  /// What is still to come of the body; nullptr if `body` is all of it. Its length is Content-Length's, or unknown
  /// where there is none. With `upgrade`, it is what the client sends after the other side has agreed.
  std::shared_ptr<BodySource> rest;
  std::string upgrade;  ///< the protocol that the client asks for in place of HTTP; "" for none

  /// The target without its query.
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
  std::shared_ptr<BodySource> rest;  ///< as a request's
  std::string upgrade;               ///< with status 101: the protocol that `rest`, both ways, is in
  /// Only the end of its connection tells where its body ends: nothing says that it is whole.
  bool ends_with_connection = false;
};

/// `application/json` of `application/json; charset=utf-8`, lower case; empty if there is none.
std::string media_type(const Headers& headers);

/// The request or response as HTTP/1.1 bytes, framing included: how both are kept in the journal, shown and compared.
std::string to_wire(const Request& request);
std::string to_wire(const Response& response);

/// Reads one message written by `to_wire` or by hand (a `sample.http` file: bare LF is accepted, Content-Length
/// optional). Nothing if it is not one.
std::optional<Request> request_from_wire(std::string_view bytes);
std::optional<Response> response_from_wire(std::string_view bytes);

}  // namespace standin
