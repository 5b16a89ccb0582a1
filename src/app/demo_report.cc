// The table at the end, and what is wrong with it.
#include <fmt/format.h>

#include "app/demo_count.h"
#include "app/demo_plan.h"
#include "base/money.h"
#include "config/units.h"
#include "rehearsal/load_report.h"

namespace standin::demo {
namespace {

constexpr std::size_t carts_named = 5;
constexpr int label_columns = 38;

std::string usd(std::int64_t minor) { return text({minor, *Currency::parse("USD")}); }

class Lines {
 public:
  explicit Lines(bool coloured) : coloured_(coloured) {}

  void head(std::string_view text) { out_ += fmt::format("\n{}\n", in("1", text)); }
  void row(int indent, std::string_view text, std::string_view value, std::string_view remark = {}) {
    const int width = label_columns - indent;
    out_ += fmt::format("{:{}}{:<{}} {:>12}{}{}\n", "", indent, text, width, value, remark.empty() ? "" : "  ", remark);
  }
  void row(int indent, std::string_view text, std::uint64_t value, std::string_view remark = {}) {
    row(indent, text, std::to_string(value), remark);
  }
  /// One that must be zero.
  void zero(std::string_view text, std::uint64_t value) {
    out_ += fmt::format("  {:<48} {} {}\n", text, in(value == 0 ? "32" : "1;31", fmt::format("{:>12}", value)),
                        value == 0 ? in("32", "✓") : in("1;31", "✗"));
  }
  void add(const std::string& text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  std::string in(std::string_view colour, std::string_view text) const {
    return coloured_ ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
  }

  bool coloured_;
  std::string out_;
};

std::string because(const std::string& cause) {
  if (cause == "refused") return "the connection was refused";
  if (cause == "breaker") return "the breaker was open: not asked";
  if (cause == "timed_out_in_service") return "no answer came in time";
  if (cause == "timed_out_in_queue") return "no time was left to ask it";
  if (cause == "server_error") return "it answered 5xx";
  if (cause == "untrustworthy") return "it broke off, or made no sense";
  return cause;
}

void orders(Lines& lines, const Tally& tally) {
  const rehearsal::LoadCounts& counts = tally.total.counts;
  lines.head("What shoppers were told");
  lines.row(0, "orders", tally.verdict.intents,
            fmt::format("{} requests, {} hung up", counts.attempts, counts.hung_up));
  lines.row(2, "accepted by the shop", tally.accepted_by_shop);
  lines.row(2, "accepted in stand-in", tally.accepted_in_stand_in);
  for (const auto& [cause, count] : tally.causes) lines.row(4, because(cause), count);
  lines.row(2, "declined by the shop", tally.declined_by_shop);
  lines.row(2, "declined in stand-in", tally.declined_in_stand_in);
  lines.row(2, "no answer: they hung up before it", tally.no_answer);
  lines.row(0, "sum at risk at its peak", usd(tally.exposure_peak_minor), "of " + usd(exposure_cap_minor));
}

void promises(Lines& lines, const Tally& tally) {
  lines.head("What became of the orders accepted in stand-in");
  lines.row(2, "replayed: the shop took them later", tally.by_replay);
  lines.row(2, "matched: the shop had them already", tally.matched);
  lines.row(2, "settled by a late answer", tally.by_late_answer);
  lines.row(2, "refused by the shop: with a person", tally.refused);
  lines.row(2, "still open", tally.open);
  lines.row(0, "declined in stand-in, since reversed", tally.undone);
}

std::string count_of(const Sum& sum) { return std::to_string(sum.count); }

void charges(Lines& lines, const ChargeTally& tally) {
  lines.head("What the shop was told about its charges");
  const auto row = [&](int indent, std::string_view text, const Sum& sum) {
    lines.row(indent, text, count_of(sum), fmt::format("{:>16}", usd(sum.minor)));
  };
  row(0, "approved by the gateway", tally.by_gateway);
  row(0, "approved at the till in its stead", tally.at_till);
  row(2, "charged since, or had been after all", tally.charged);
  row(2, "declined since: with a person", tally.refused);
  row(2, "the shop cancelled the order first", tally.withdrawn);
  row(2, "still open", tally.open);
  row(0, "charged and voided: order cancelled", tally.voided);
  lines.row(0, "declined by the gateway", tally.declined_by_gateway);
  lines.row(0, "declined at the till in its stead", tally.declined_at_till);
  row(0, "standing in the gateway's ledger", tally.standing);
}

void charge_zeros(Lines& lines, const ChargeTally& tally) {
  lines.head("The gateway's ledger against the shop's orders");
  lines.zero("accepted and not charged, nor with a person", tally.not_charged.size());
  lines.zero("charged twice", tally.charged_twice.size());
  lines.zero("declined and charged, not voided nor followed up", tally.charged_though_declined.size());
  lines.zero("charged another sum", tally.charged_another_sum.size());
}

void zeros(Lines& lines, const Tally& tally, Duration deadline) {
  lines.head("The shop's ledger against what shoppers were told");
  lines.zero("told yes and not served", tally.verdict.yes_not_served.size());
  lines.zero("served twice", tally.verdict.served_twice.size());
  lines.zero("told no and served, not reversed nor followed up", tally.verdict.no_but_served.size());
  lines.zero("told two things by standin itself", tally.two_answers.size());
  lines.zero("connection errors", tally.total.counts.connection_errors + tally.total.counts.local_limit);
  lines.zero("5xx", tally.total.counts.server_errors);
  lines.zero(fmt::format("waits beyond the deadline of {}", duration_text(deadline)), tally.total.too_late);
}

std::string phase_row(const PhaseTally& phase) {
  const rehearsal::LoadCounts& c = phase.counts;
  return fmt::format("  {:<10}{:>9}{:>8}{:>7}{:>10}{:>8}{:>11}{:>11}\n", phase.label, c.attempts, c.yes, c.no,
                     c.neither, c.errors(), rehearsal::readable(phase.latency.quantile(0.5)),
                     rehearsal::readable(phase.latency.quantile(0.99)));
}

void phases(Lines& lines, const Tally& tally) {
  lines.head(fmt::format("{:<12}{:>9}{:>8}{:>7}{:>10}{:>8}{:>11}{:>11}", "Phase", "requests", "yes", "no", "otherwise",
                         "errors", "p50", "p99"));
  for (const PhaseTally& phase : tally.phases) lines.add(phase_row(phase));
  lines.add(phase_row(tally.total));
  lines.add("  Otherwise: a repeated order, answered 409 with the order that is there.\n");
}

std::string accusation(std::string_view charge, const std::vector<std::string>& carts, const Tally& tally,
                       const std::string& folder) {
  std::string text;
  if (carts.empty()) return text;
  text += fmt::format("{}: {}\n", charge, carts.size());
  for (std::size_t i = 0; i < std::min(carts.size(), carts_named); ++i) {
    const auto order = tally.order_ids.find(carts[i]);
    text += "  " + carts[i];
    if (order != tally.order_ids.end()) {
      text += fmt::format("  standin orders show {} --socket {}/standin.sock", order->second, folder);
    }
    text += "\n";
  }
  if (carts.size() > carts_named) text += fmt::format("  and {} more\n", carts.size() - carts_named);
  return text;
}

}  // namespace

std::string table(const Tally& tally, Duration deadline, bool coloured) {
  Lines lines(coloured);
  orders(lines, tally);
  promises(lines, tally);
  charges(lines, tally.charges);
  phases(lines, tally);
  zeros(lines, tally, deadline);
  charge_zeros(lines, tally.charges);
  return lines.take();
}

std::string accusations(const Tally& tally, const std::string& folder) {
  const rehearsal::Verdict& verdict = tally.verdict;
  return accusation("told yes and not served", verdict.yes_not_served, tally, folder) +
         accusation("served twice", verdict.served_twice, tally, folder) +
         accusation("told no and served", verdict.no_but_served, tally, folder) +
         accusation("told two things by standin itself", tally.two_answers, tally, folder) +
         accusation("accepted and not charged", tally.charges.not_charged, tally, folder) +
         accusation("charged twice", tally.charges.charged_twice, tally, folder) +
         accusation("declined and charged", tally.charges.charged_though_declined, tally, folder) +
         accusation("charged another sum", tally.charges.charged_another_sum, tally, folder) +
         accusation("an error, a 5xx or a wait beyond the deadline", tally.noticed, tally, folder);
}

}  // namespace standin::demo
