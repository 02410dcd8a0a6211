/// The Range header, exactly as S3 reads it. source: spec operations 6.1. threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::s3 {

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

enum class RangeKind {
    whole,          ///< no range, or one S3 ignores
    part,           ///< 206
    unsatisfiable,  ///< 416
};

struct RangeDecision {
    RangeKind kind = RangeKind::whole;
    ByteRange range;  ///< with `part`; not empty
};

/// For an object of `size` bytes.
RangeDecision decide_range(std::optional<std::string_view> header, std::uint64_t size);

}  // namespace holdfast::s3
