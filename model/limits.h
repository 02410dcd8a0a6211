/// Limits of S3 itself. source: spec multipart section 1 (LIM-xx), operations 3.2.
#pragma once

#include <cstdint>

#include "base/limits.h"

namespace holdfast::model {

inline constexpr std::uint32_t part_number_max = 10'000;                    // LIM-01
inline constexpr std::uint32_t parts_per_upload_max = 10'000;               // LIM-02
inline constexpr std::uint64_t part_bytes_min = 5 * base::MiB;              // LIM-03
inline constexpr std::uint64_t part_bytes_max = 5 * base::GiB;              // LIM-04
inline constexpr std::uint64_t object_bytes_max = 10'000 * part_bytes_max;  // LIM-05
inline constexpr std::size_t user_metadata_bytes_max = 2048;                // LIM-07
inline constexpr std::size_t header_section_bytes_max = 8 * base::KiB;      // LIM-08
inline constexpr std::size_t object_key_bytes_max = 1024;                   // LIM-09
inline constexpr std::uint32_t list_page_max = 1000;                        // LIM-10
inline constexpr std::size_t complete_body_bytes_max = 8 * base::MiB;       // LIM-13
inline constexpr std::size_t delete_objects_max = 1000;
inline constexpr std::size_t redirect_location_bytes_max = 2048;  // WEB-02

static_assert(object_bytes_max == 53'687'091'200'000);

}  // namespace holdfast::model
