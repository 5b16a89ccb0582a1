#include "app/demo_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/money.h"
#include "rehearsal/load_report.h"

namespace standin::demo {
namespace {

constexpr std::size_t columns = 78;
constexpr std::size_t bar_cells = 40;

enum class Ink : std::uint8_t { plain, strong, dim, good, bad, warn };

class Pen {
 public:
  explicit Pen(bool coloured) : coloured_(coloured) {}

  std::string operator()(Ink ink, std::string_view text) const {
    if (!coloured_ || ink == Ink::plain) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", code(ink), text);
  }

 private:
  static std::string_view code(Ink ink) {
    switch (ink) {
      case Ink::plain: return "0";
      case Ink::strong: return "1";
      case Ink::dim: return "2";
      case Ink::good: return "32";
      case Ink::bad: return "1;31";
      case Ink::warn: return "33";
    }
    return "0";
  }

  bool coloured_;
};

std::string clock_face(Duration span) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string dollars(std::int64_t minor) { return decimal({minor, *Currency::parse("USD")}); }

Ink breaker_ink(const std::string& breaker) {
  if (breaker == "closed") return Ink::good;
  return breaker == "open" ? Ink::bad : Ink::warn;
}

std::string title(const Sight& sight, const Pen& pen) {
  const std::string time = fmt::format("{} of about {}", clock_face(sight.elapsed), clock_face(sight.planned));
  const std::string name = "standin demo";
  return fmt::format(" {}{}{}\n {}\n", pen(Ink::strong, name), std::string(columns - name.size() - time.size(), ' '),
                     time, pen(Ink::dim, repeated("─", columns)));
}

std::string programme(const Sight& sight, const Pen& pen) {
  std::string text;
  for (const Act act : acts) {
    const bool now = act == sight.act;
    const std::string label = fmt::format("{}{}", now ? "▶" : act < sight.act ? "✓" : " ", name(act));
    text += " " + pen(now ? Ink::strong : act < sight.act ? Ink::good : Ink::dim, label);
  }
  const std::string_view story = sight.closing ? "The shoppers are gone; the last promises are kept." : tale(sight.act);
  return fmt::format("{}\n\n  {}\n", text, story);
}

Ink state_ink(const std::string& state) { return state.starts_with("healthy") ? Ink::good : Ink::warn; }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string shoppers(const Sight& sight, const Pen& pen) {
  const std::uint64_t errors = sight.so_far.errors();
  return fmt::format("  shoppers   {:>3} arrive a second    {:>4} are waiting    errors seen: {}\n",
                     sight.last_second.counts.arrivals, sight.in_flight,
                     pen(errors == 0 ? Ink::good : Ink::bad, std::to_string(errors))) +
         fmt::format("  they wait  p50 {:<9} p99 {:<9} in the last second\n",
                     rehearsal::readable(sight.last_second.p50), rehearsal::readable(sight.last_second.p99));
}

/// What one side has answered, and what has become of what was promised on it.
std::string side(std::string_view label, std::string_view party, const SideNumbers& numbers, const Pen& pen) {
  return fmt::format("  {:<10} {:>5} by the {:<8} in its stead: {} yes {} no\n", label, numbers.answers("forwarded"),
                     party, pen(Ink::strong, fmt::format("{:>5}", numbers.answers("accepted"))),
                     pen(Ink::strong, fmt::format("{:>4}", numbers.answers("declined")))) +
         fmt::format("             {} waiting   {} delivered   {} matched   {} refused\n",
                     pen(Ink::strong, fmt::format("{:>5}", numbers.waiting)), numbers.settled, numbers.matched,
                     numbers.refused);
}

std::string the_shop(const Sight& sight, const Pen& pen) {
  const std::string& breaker = sight.standin.shop.breaker;
  return fmt::format("  shop       {}\n", pen(state_ink(sight.shop), sight.shop)) +
         fmt::format("             breaker {}    health check {}\n",
                     pen(breaker_ink(breaker), fmt::format("{:<9}", breaker)), or_dash(sight.standin.shop.health)) +
         side("orders", "shop", sight.standin.orders, pen);
}

std::string gateway(const Sight& sight, const Pen& pen) {
  std::string text = fmt::format("  gateway    {}\n            ", pen(state_ink(sight.gateway), sight.gateway));
  for (const SeenTarget& target : sight.standin.gateway) {
    text += fmt::format(" {}: {}", or_dash(target.location), pen(breaker_ink(target.breaker), or_dash(target.health)));
  }
  return text + "\n" + side("charges", "gateway", sight.standin.charges, pen);
}

std::string risk(const Sight& sight, const Pen& pen) {
  const double share = static_cast<double>(sight.standin.exposure_minor) / static_cast<double>(exposure_cap_minor);
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * bar_cells);
  const Ink ink = share > 0.8 ? Ink::bad : share > 0 ? Ink::warn : Ink::plain;
  return fmt::format("  at risk    {:>10} USD   most so far {}   cap {}\n", dollars(sight.standin.exposure_minor),
                     dollars(sight.standin.exposure_peak_minor), dollars(exposure_cap_minor)) +
         fmt::format("             {}{}\n", pen(ink, repeated("█", full)),
                     pen(Ink::dim, repeated("░", bar_cells - full)));
}

std::string curves(const Sight& sight) {
  std::vector<double> stood_in(sight.stood_in.begin(), sight.stood_in.end());
  std::vector<double> slowest;
  for (const Duration p99 : sight.slowest) slowest.push_back(seconds(p99));
  const double most = stood_in.empty() ? 0 : std::ranges::max(stood_in);
  const Duration longest_wait = sight.slowest.empty() ? Duration{} : std::ranges::max(sight.slowest);
  return fmt::format("  stood in   {}  {:.0f}/s\n", curve(stood_in), most) +
         fmt::format("  p99        {}  {}\n", curve(slowest), rehearsal::readable(longest_wait));
}

}  // namespace

std::string curve(const std::vector<double>& values) {
  constexpr std::array<std::string_view, 9> eighths{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const double most = values.empty() ? 0 : std::ranges::max(values);
  std::string text = repeated(" ", curve_seconds - std::min(values.size(), curve_seconds));
  const std::size_t first = values.size() > curve_seconds ? values.size() - curve_seconds : 0;
  for (std::size_t i = first; i < values.size(); ++i) {
    const double share = most > 0 ? values[i] / most : 0;
    text += eighths[share > 0 ? std::max<std::size_t>(1, static_cast<std::size_t>(share * 8)) : 0];
  }
  return text;
}

std::string screen(const Sight& sight, bool coloured) {
  const Pen pen(coloured);
  return title(sight, pen) + programme(sight, pen) + "\n" + shoppers(sight, pen) + "\n" + the_shop(sight, pen) + "\n" +
         gateway(sight, pen) + "\n" + risk(sight, pen) + curves(sight) + pen(Ink::dim, "  Ctrl-C ends it.") + "\n";
}

std::string line(const Sight& sight) {
  const Numbers& n = sight.standin;
  const auto side = [](const SideNumbers& one) {
    return fmt::format("{:>4} by it, stood in {:>4} yes {:>3} no, {:>4} waiting", one.answers("forwarded"),
                       one.answers("accepted"), one.answers("declined"), one.waiting);
  };
  return fmt::format(
      "{:>5} {:<9}{:>3}/s, errors {}, p99 {:<8} shop: {}; gateway: {}; at risk {:>9}\n", clock_face(sight.elapsed),
      sight.closing ? "closing" : name(sight.act), sight.last_second.counts.arrivals, sight.so_far.errors(),
      rehearsal::readable(sight.last_second.p99), side(n.orders), side(n.charges), dollars(n.exposure_minor));
}

Terminal::Terminal() {
  // The second screen, and no cursor.
  fmt::print("\x1b[?1049h\x1b[?25l\x1b[2J");
  std::fflush(stdout);
}

Terminal::~Terminal() {
  fmt::print("\x1b[?25h\x1b[?1049l");
  std::fflush(stdout);
}

void Terminal::draw(const std::string& screen) const {
  // Each line erases what was behind it; nothing flickers.
  std::string out = "\x1b[H";
  for (const char c : screen) {
    if (c == '\n') {
      out += "\x1b[K\r\n";
    } else {
      out += c;
    }
  }
  fmt::print("{}\x1b[J", out);
  std::fflush(stdout);
}

}  // namespace standin::demo
