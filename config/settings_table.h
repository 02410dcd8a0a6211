/// The one table of settings. Parsing, checking, showing and the documentation are derived from it.
/// threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"

namespace holdfast::config {

/// Where a setting lives. Every std::uint64_t is a number of bytes.
using Member =
    std::variant<std::string Settings::*, base::Secret Settings::*, bool Settings::*,
                 std::uint16_t Settings::*, std::uint32_t Settings::*, std::uint64_t Settings::*,
                 std::chrono::milliseconds Settings::*, std::vector<std::string> Settings::*>;

/// Numbers, bytes and milliseconds: both ends are allowed.
struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
};
/// One of these words.
struct Words {
    std::vector<std::string_view> words;
};
/// Text (each item of a list) for which this holds, and how to say so.
struct Rule {
    bool (*holds)(std::string_view text) = nullptr;
    std::string_view allowed;
};
/// true or false.
struct Truth {};

using Constraint = std::variant<Range, Words, Rule, Truth>;

struct Row {
    std::string_view name;  ///< "section.key"
    Member member;
    std::string_view default_text;
    Constraint constraint;
    std::string_view help;  ///< one sentence or two
};

/// In the order of documentation; the rows of a section stand together.
const std::vector<Row>& settings_table();

/// Null when there is no such setting.
const Row* find_row(std::string_view name);

std::string_view section_of(const Row& row);
std::string_view key_of(const Row& row);
/// "HOLDFAST_SECTION_KEY".
std::string environment_name(const Row& row);
bool is_secret(const Row& row);

/// What a value may be, in words: "0 to 65535".
std::string allowed_text(const Row& row);

/// A value as a source gave it.
using RawValue = std::variant<std::string, std::vector<std::string>>;

/// False when the value is not allowed; the settings then stay as they were.
bool assign(const Row& row, const RawValue& value, Settings& settings);

/// The value as TOML. REQUIRES: the row is no secret.
std::string toml_value(const Row& row, const Settings& settings);

}  // namespace holdfast::config
