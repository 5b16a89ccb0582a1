#include "config/names.h"

#include <initializer_list>

namespace standin {
namespace {

template <class Choice>
std::optional<Choice> among(std::initializer_list<Choice> choices, std::string_view word) {
  for (const Choice choice : choices) {
    if (name(choice) == word) return choice;
  }
  return std::nullopt;
}

}  // namespace

bool is_gateway(std::string_view dialect) { return dialect == "usaepay" || dialect == "stripe"; }

std::string_view name(Mode mode) {
  switch (mode) {
    case Mode::off: return "off";
    case Mode::automatic: return "auto";
    case Mode::forced: return "forced";
    case Mode::fallback: return "fallback";
    case Mode::shadow: return "shadow";
  }
  unreachable();
}

std::optional<Mode> parse_mode(std::string_view name) {
  return among({Mode::off, Mode::automatic, Mode::forced, Mode::fallback, Mode::shadow}, name);
}

std::string_view name(ClientCertificates wanted) {
  switch (wanted) {
    case ClientCertificates::none: return "none";
    case ClientCertificates::optional: return "optional";
    case ClientCertificates::required: return "required";
  }
  unreachable();
}

std::optional<ClientCertificates> parse_client_certificates(std::string_view name) {
  return among({ClientCertificates::none, ClientCertificates::optional, ClientCertificates::required}, name);
}

std::string_view name(Duplicates duplicates) {
  switch (duplicates) {
    case Duplicates::none: return "none";
    case Duplicates::rejected: return "rejected";
    case Duplicates::folded: return "folded";
    case Duplicates::keyed: return "keyed";
  }
  unreachable();
}

std::optional<Duplicates> parse_duplicates(std::string_view name) {
  return among({Duplicates::none, Duplicates::rejected, Duplicates::folded, Duplicates::keyed}, name);
}

std::string_view name(Balance balance) {
  switch (balance) {
    case Balance::least_busy: return "least-busy";
    case Balance::scoreboard: return "scoreboard";
    case Balance::random: return "random";
  }
  unreachable();
}

std::optional<Balance> parse_balance(std::string_view name) {
  return among({Balance::least_busy, Balance::scoreboard, Balance::random}, name);
}

std::string_view name(AmountUnit unit) {
  switch (unit) {
    case AmountUnit::minor: return "minor";
    case AmountUnit::decimal: return "decimal";
  }
  unreachable();
}

std::optional<AmountUnit> parse_amount_unit(std::string_view name) {
  return among({AmountUnit::minor, AmountUnit::decimal}, name);
}

std::string_view name(Undelivered undelivered) {
  switch (undelivered) {
    case Undelivered::hold: return "hold";
    case Undelivered::replay: return "replay";
    case Undelivered::reverse: return "reverse";
  }
  unreachable();
}

std::optional<Undelivered> parse_undelivered(std::string_view name) {
  return among({Undelivered::hold, Undelivered::replay, Undelivered::reverse}, name);
}

}  // namespace standin
