#pragma once

#include <optional>
#include <string_view>

#include "config/config.h"

/// The words for the configuration's choices. Nothing for a word that is none.
namespace standin {

/// A gateway's dialect: its requests are charges, and its answers are written without templates.
bool is_gateway(std::string_view dialect);
std::string_view name(ClientCertificates wanted);
std::optional<ClientCertificates> parse_client_certificates(std::string_view name);
std::string_view name(Duplicates duplicates);
std::optional<Duplicates> parse_duplicates(std::string_view name);
std::string_view name(Balance balance);
std::optional<Balance> parse_balance(std::string_view name);
std::string_view name(AmountUnit unit);
std::optional<AmountUnit> parse_amount_unit(std::string_view name);
std::string_view name(Undelivered undelivered);
std::optional<Undelivered> parse_undelivered(std::string_view name);

}  // namespace standin
