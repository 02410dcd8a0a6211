/// Limits that hold everywhere, each with its source. Those of S3 are in model/limits.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::base {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;
inline constexpr std::uint64_t GiB = 1024 * MiB;

/// Buffer of one streaming request: durability section 4, "buffers".
inline constexpr std::size_t body_buffer_bytes = 256 * KiB;

}  // namespace holdfast::base
