#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "console/ports.h"

namespace standin::console {

/// Rows as the API shows them: docs/api.yaml names every field. None holds a payload.
boost::json::object rendered(const OrderRow& order);
boost::json::object rendered(const TransitionRow& transition);
boost::json::object rendered(const Attempt& attempt);
boost::json::object rendered(const FollowUpRow& follow_up);
boost::json::object rendered(const ReplayStatus& status);
boost::json::object rendered(const TargetView& target);
boost::json::object rendered(const Cut& cut);
boost::json::object rendered(const ResolvedName& name);

/// ISO 8601; null for the zero and the never_due that stand for "never".
boost::json::value rendered_time(WallTime time);

/// Every row, in the order given.
template <class Rows>
boost::json::array rendered_all(const Rows& rows) {
  boost::json::array list;
  for (const auto& row : rows) list.emplace_back(rendered(row));
  return list;
}

}  // namespace standin::console
