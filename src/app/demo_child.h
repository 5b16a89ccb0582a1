#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace standin::demo {

/// A process of this same program. It dies with the demo, however that ends. The thread that started it must live as
/// long as it does: Linux counts a thread's end as the parent's.
class Child {
 public:
  /// Runs `standin ARGUMENTS` in `folder`; what it prints is added to `log`, a file there.
  static Result<Child> start(std::string name, const std::vector<std::string>& arguments, const std::string& folder,
                             const std::string& log);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  /// SIGKILL, if it still runs.
  ~Child();

  const std::string& name() const { return name_; }
  /// How it ended ("status 1", "signal 9"), or nothing while it runs.
  std::optional<std::string> ended();
  bool ended_well() const { return status_ == 0; }
  void signal(int number) const;
  void kill();
  /// Waits for its end; SIGKILL once `patience` is over, or at another Ctrl-C.
  void wait(Duration patience);
  /// The last lines of its log.
  std::string last_words() const;

 private:
  Child(std::string name, pid_t process, std::string log);
  bool running() const { return process_ > 0 && !status_; }

  std::string name_;
  pid_t process_ = -1;
  std::string log_;
  std::optional<int> status_;  ///< as wait(2) has it
};

}  // namespace standin::demo
