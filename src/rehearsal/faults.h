#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "rehearsal/shop_model.h"

namespace standin::rehearsal {

/// What the shop does instead of answering as it should.
enum class Misbehaviour : std::uint8_t {
  none,
  status,            ///< answers `Faults::status`
  hang,              ///< never answers, and keeps the connection open
  garbage,           ///< bytes that are no HTTP
  login_page,        ///< 200 with a page in HTML
  half_answer,       ///< a good head and half of the body it announces, then nothing
  close_after_head,  ///< a good head, then the end of the connection
  reset,             ///< resets the connection
  die,               ///< the whole process is gone at once, as after SIGKILL
};

/// When it does it.
enum class Moment : std::uint8_t {
  before,   ///< nothing has happened
  between,  ///< the order's row is committed and its card not charged; the other way about when charging first
  after,    ///< everything has happened; only the answer is missing
  now,      ///< at once, without waiting for a request: `die` alone
};

/// What is wrong with the shop right now. The defaults are a healthy shop.
struct Faults {
  Misbehaviour answer = Misbehaviour::none;
  Moment at = Moment::before;
  int status = 500;
  Duration delay_before{};  ///< waits before anything happens
  Duration delay_after{};   ///< waits once everything has happened, before answering
  double fraction = 1;      ///< of the requests, drawn by chance, that `answer` and the delays hit
  std::uint64_t seed = 1;   ///< of that chance
  bool everywhere = false;  ///< they hit every request but /faults; else `POST /orders` alone
  enum class Ping : std::uint8_t { up, down, error } ping = Ping::up;  ///< "UP:shop", "DOWN:shop", or status 500
  bool charge_before_commit = false;
  bool no_unique_index = false;

  ShopHabits habits() const { return {.unique_index = !no_unique_index, .charge_before_commit = charge_before_commit}; }
};

/// The JSON object of `PUT /faults`: the members of Faults by name, enumerators as strings, the delays as whole
/// milliseconds in `delay_before_ms` and `delay_after_ms`. A member left out has its default, so `{}` heals. Unknown
/// members, names and values out of range are errors that name the member.
Result<Faults> faults_from_json(std::string_view json);
std::string to_json(const Faults& faults);

}  // namespace standin::rehearsal
