#pragma once

#include "dialect/dialect.h"
#include "dialect/usaepay_form.h"

namespace standin {

/// The charge that a form asks for, without the vendor's format; nothing where it holds what no other party can use.
/// Amounts that name no currency are of `currency`.
std::optional<Charge> usaepay_charge(const UsaepayForm& form, Currency currency);

/// `POST /gate` for the charge, authenticated by the source key `credential.name` and its PIN; nothing if a field would
/// not fit. The seed of UMhash is always the same for one order key, so that a repeat is the same request.
std::optional<Request> write_usaepay_charge(const Charge& charge, const Credential& credential,
                                            const OutboundContext& context);

/// A void, capture or refund of what the vendor has, authenticated in the same way.
std::optional<Request> write_usaepay_amendment(const Amendment& amendment, const Credential& credential,
                                               const OutboundContext& context);

/// What the vendor said; nothing unless it is an approval or a decline of this very charge.
std::optional<ChargeAnswer> read_usaepay_answer(const Response& response, const Judgement& judgement);
/// Under our own reference: another party's may be no number.
std::optional<Response> write_usaepay_answer(const ChargeAnswer& answer, const AnswerContext& context);

}  // namespace standin
