/// Storage classes Holdfast accepts (STC-01). threads: any.
#pragma once

#include <array>
#include <string_view>

namespace holdfast::model {

inline constexpr std::array<std::string_view, 8> storage_classes{
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
    "GLACIER",  "DEEP_ARCHIVE",       "GLACIER_IR"};

/// Case-sensitive; everything else is 400 InvalidStorageClass (STC-02).
constexpr bool is_storage_class(std::string_view text) {
    for (const auto known : storage_classes)
        if (known == text) return true;
    return false;
}

}  // namespace holdfast::model
