#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

/// A name server on loopback UDP that says what a test told it.
namespace standin::testing {

class NameServer {
 public:
  struct Record {
    std::string address;  ///< IPv4 or IPv6
    std::uint32_t ttl = 60;
  };

  NameServer() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ensure(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0, "a loopback port is free");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    stopping_ = true;
    thread_.join();
    ::close(fd_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// From now on `name` has these addresses; none: there is no such name.
  void says(const std::string& name, std::vector<Record> records) {
    const std::lock_guard lock(mutex_);
    names_[name] = std::move(records);
  }
  /// Questions about IPv6 are not answered any more.
  void never_answers_about_v6() { deaf_to_v6_ = true; }
  /// No question is answered any more.
  void falls_silent() { silent_ = true; }
  /// Questions heard about IPv4 addresses.
  int questions() const { return questions_; }

 private:
  static constexpr std::uint16_t type_a = 1;
  static constexpr std::uint16_t type_aaaa = 28;

  void serve() {
    while (!stopping_) {
      pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      char packet[512];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t count = ::recvfrom(fd_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (count < 17) continue;
      const std::string reply = answer(std::string(packet, static_cast<std::size_t>(count)));
      if (!reply.empty()) ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  /// RFC 1035, 4.1: header, question, answers that point back to the question's name.
  std::string answer(const std::string& query) {
    std::size_t at = 12;
    std::string name;
    while (at < query.size() && query[at] != 0) {
      const auto size = static_cast<std::size_t>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, size);
      at += size + 1;
    }
    const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(query[at + 2]));
    if (type == type_a) ++questions_;
    if (silent_ || (type == type_aaaa && deaf_to_v6_)) return {};
    const std::lock_guard lock(mutex_);
    const auto known = names_.find(name);
    const bool exists = known != names_.end() && !known->second.empty();
    std::string records;
    std::uint16_t count = 0;
    for (const Record& record : exists ? known->second : std::vector<Record>()) {
      const bool v6 = record.address.contains(':');
      if (v6 != (type == type_aaaa)) continue;
      unsigned char bytes[16];
      inet_pton(v6 ? AF_INET6 : AF_INET, record.address.c_str(), bytes);
      records += std::string("\xC0\x0C", 2) + number(type) + number(1) + number(record.ttl >> 16) +
                 number(record.ttl & 0xFFFF) + number(v6 ? 16 : 4);
      records.append(reinterpret_cast<const char*>(bytes), v6 ? 16 : 4);
      ++count;
    }
    const std::uint16_t flags = exists ? 0x8180 : 0x8183;
    return query.substr(0, 2) + number(flags) + number(1) + number(count) + number(0) + number(0) +
           query.substr(12, at + 5 - 12) + records;
  }

  static std::string number(std::uint32_t value) {
    return {static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
  }

  int fd_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::vector<Record>> names_;
  std::atomic<bool> stopping_ = false, silent_ = false, deaf_to_v6_ = false;
  std::atomic<int> questions_ = 0;
  std::thread thread_;
};

}  // namespace standin::testing
