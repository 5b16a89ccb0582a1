#pragma once

#include <string>
#include <vector>

namespace standin {

/// A descriptor, closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  /// The same open file under a number of its own, which no child inherits; none if there are no more numbers.
  Descriptor another() const;
  /// It is somebody else's from now on.
  int release();

 private:
  int number_;
};

/// Sockets that listen already, from whoever started this process (sd_listen_fds(3)): systemd, or the process before.
class InheritedSockets {
 public:
  InheritedSockets() = default;
  /// Takes them out of the environment, so that no child takes them for its own. To be called once, by one thread.
  /// `for_us`: also without LISTEN_PID, which the process before cannot know.
  static InheritedSockets take(bool for_us);

  /// Those that are bound to `address`: "host:port", "[::1]:port" or "unix:/path". They are the caller's.
  std::vector<Descriptor> bound_to(const std::string& address);
  /// Where the others listen: nobody has asked for them.
  std::vector<std::string> left() const;

 private:
  std::vector<Descriptor> sockets_;
};

}  // namespace standin
