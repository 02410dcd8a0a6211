/// What the admin API answers, as tables for people. threads: any.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace holdfast::server {

/// "1.5 GiB", "17 B".
std::string human_bytes(std::uint64_t bytes);

/// Members one below the other, nested ones indented, arrays of objects as tables. A member whose
/// name ends in _bytes is shown with its unit.
std::string admin_table(const boost::json::object& answer);

}  // namespace holdfast::server
