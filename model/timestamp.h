/// Dates as S3 writes and reads them. source: operations 3.2 "date format", GEN-03. threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace holdfast::model {

using base::WallTime;

/// "Tue, 24 Nov 2026 10:00:00 GMT".
std::string to_http_date(WallTime time);
/// "2026-11-24T10:00:00.000Z": the millisecond field is always 000 (GEN-03).
std::string to_xml_date(WallTime time);
/// "20261124T100000Z".
std::string to_basic_date(WallTime time);

/// IMF-fixdate, RFC 850, asctime or RFC 3339.
std::optional<WallTime> parse_header_date(std::string_view text);
/// "20261124T100000Z", a real date.
std::optional<WallTime> parse_basic_date(std::string_view text);
/// ISO 8601 with "T", fractional seconds and offsets accepted (LCK-04).
std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace holdfast::model
