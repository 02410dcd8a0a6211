/// Limits of spec auth section 1, each with its rule.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/limits.h"

namespace holdfast::auth {

inline constexpr std::chrono::seconds clock_skew_max{900};         // 1.2 #13, P-29
inline constexpr std::uint64_t presigned_expires_max_s = 604'800;  // P-27
inline constexpr std::size_t chunk_header_bytes_max = 1024;        // K-05, with its CRLF
inline constexpr std::size_t chunk_size_digits_max = 16;           // K-05
inline constexpr std::uint64_t chunk_bytes_min = 8192;             // K-06
inline constexpr std::size_t trailers_bytes_max = 4 * base::KiB;   // K-16
/// Derived keys kept: one for each access key in use and each day a request may be dated.
inline constexpr std::size_t signing_keys_max = 4096;

}  // namespace holdfast::auth
