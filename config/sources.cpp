#include "config/sources.h"

#include <toml++/toml.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "base/limits.h"
#include "base/vfs.h"

namespace holdfast::config {

namespace {

constexpr std::string_view environment_prefix = "HOLDFAST_";
constexpr std::uint64_t file_bytes_max = base::MiB;

/// The text a flag would give for the same value; nothing for what no setting can be.
std::optional<std::string> scalar_text(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    return std::nullopt;
}

std::optional<RawValue> raw_value(const toml::node& node) {
    const auto* array = node.as_array();
    if (array == nullptr) {
        auto text = scalar_text(node);
        if (!text) return std::nullopt;
        return RawValue(*std::move(text));
    }
    std::vector<std::string> items;
    for (const toml::node& item : *array) {
        auto text = scalar_text(item);
        if (!text) return std::nullopt;
        items.push_back(*std::move(text));
    }
    return RawValue(std::move(items));
}

/// Appends what a table holds, tables within it too. An error is what cannot be a setting's value.
Result<void> walk(const toml::table& table, const std::string& prefix, const std::string& path,
                  std::vector<Assignment>& to) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        if (const auto* inner = node.as_table()) {
            if (auto walked = walk(*inner, name + '.', path, to); !walked) return walked;
            continue;
        }
        const std::string source = path + " line " + std::to_string(node.source().begin.line);
        auto value = raw_value(node);
        if (!value)
            return SettingError{for_message(name) + ": the value in " + source +
                                " is of a kind that no setting has; allowed: text, an integer, "
                                "true or false, or a list of texts"};
        to.push_back({name, *std::move(value), source});
    }
    return {};
}

/// Levenshtein's: the fewest characters to insert, delete or replace.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

/// Container platforms tell every container about services this way: one that is called "holdfast"
/// must not keep a server from starting.
bool describes_a_service(std::string_view name) {
    return name.starts_with("HOLDFAST_SERVICE_") || name == "HOLDFAST_PORT" ||
           name.starts_with("HOLDFAST_PORT_");
}

bool is_no_setting(std::string_view name) {
    return name == "HOLDFAST_FAILPOINTS" || name.starts_with("HOLDFAST_TEST_") ||
           describes_a_service(name);
}

}  // namespace

Result<std::vector<Assignment>> from_file(const std::string& path) {
    const auto vfs = base::make_posix_vfs();
    const auto content = base::read_file(*vfs, path, file_bytes_max);
    if (!content) return SettingError{"settings file: " + content.error().message()};
    std::vector<Assignment> assignments;
    try {
        const toml::table table = toml::parse(base::as_text(*content));
        if (auto walked = walk(table, "", path, assignments); !walked)
            return std::move(walked).error();
    } catch (const toml::parse_error& error) {
        std::ostringstream message;
        message << "settings file: " << path << " line " << error.source().begin.line << ": "
                << for_message(error.description());
        return SettingError{message.str()};
    }
    return assignments;
}

Result<std::vector<Assignment>> from_environment(
    const std::map<std::string, std::string>& environment) {
    std::map<std::string, std::string> names;
    for (const Row& row : settings_table()) names.emplace(environment_name(row), row.name);
    std::vector<Assignment> assignments;
    for (const auto& [variable, value] : environment) {
        if (!variable.starts_with(environment_prefix) || is_no_setting(variable)) continue;
        const auto found = names.find(variable);
        if (found == names.end()) {
            std::vector<std::string> candidates;
            for (const auto& [name, setting] : names) candidates.push_back(name);
            return SettingError{for_message(variable) + ": unknown setting in the environment" +
                                suggestion(variable, candidates)};
        }
        assignments.push_back({found->second, value, "environment " + variable});
    }
    return assignments;
}

Result<std::vector<Assignment>> from_flags(const std::vector<std::string>& flags) {
    std::vector<Assignment> assignments;
    for (const std::string& flag : flags) {
        const auto equals = flag.find('=');
        if (equals == std::string::npos)
            return SettingError{"--set " + for_message(flag) + ": allowed: section.key=value"};
        assignments.push_back({flag.substr(0, equals), flag.substr(equals + 1), "--set"});
    }
    return assignments;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
    const std::string* nearest = nullptr;
    std::size_t distance = std::max<std::size_t>(2, name.size() / 4) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t this_distance = edit_distance(name, candidate);
        if (this_distance >= distance) continue;
        nearest = &candidate;
        distance = this_distance;
    }
    return nearest == nullptr ? "" : " (did you mean " + *nearest + "?)";
}

std::string for_message(std::string_view text) {
    constexpr std::size_t length_max = 120;
    std::string shown(text.substr(0, length_max));
    for (char& c : shown)
        if ((c >= 0 && c < ' ') || c == 0x7f) c = '?';
    return text.size() > length_max ? shown + "..." : shown;
}

}  // namespace holdfast::config
