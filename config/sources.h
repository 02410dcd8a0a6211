/// Where settings come from: each source as a list of assignments, not yet checked. threads: any.
#pragma once

#include <string>
#include <vector>

#include "config/settings_table.h"

namespace holdfast::config {

struct Assignment {
    std::string name;  ///< "section.key", whether there is such a setting or not
    RawValue value;
    std::string source;  ///< "holdfast.toml line 3", "environment HOLDFAST_SERVER_PORT", "--set"
};

/// errors: the file cannot be read, is no TOML, or holds a value no setting can have (a date).
Result<std::vector<Assignment>> from_file(const std::string& path);
/// errors: a HOLDFAST_ name that is no setting's.
Result<std::vector<Assignment>> from_environment(
    const std::map<std::string, std::string>& environment);
/// errors: a text without "=".
Result<std::vector<Assignment>> from_flags(const std::vector<std::string>& assignments);

/// " (did you mean X?)" with the candidate nearest to a mistyped name, or nothing.
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

/// A value or name for a message of one line: control characters replaced, long texts cut.
std::string for_message(std::string_view text);

}  // namespace holdfast::config
