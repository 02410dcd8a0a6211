#include "config/settings.h"

#include <algorithm>

#include "base/assert.h"
#include "config/settings_table.h"
#include "config/sources.h"

namespace holdfast::config {

namespace {

Settings default_settings() {
    Settings settings;
    for (const Row& row : settings_table())
        HF_ASSERT(assign(row, std::string(row.default_text), settings));
    return settings;
}

SettingError unknown_setting(const Assignment& assignment) {
    std::vector<std::string> names;
    for (const Row& row : settings_table()) names.emplace_back(row.name);
    return SettingError{for_message(assignment.name) + ": unknown setting in " + assignment.source +
                        suggestion(assignment.name, names)};
}

std::string shown_value(const Row& row, const RawValue& value) {
    if (is_secret(row)) return "the value (hidden)";
    if (const auto* text = std::get_if<std::string>(&value)) return '"' + for_message(*text) + '"';
    std::string list;
    for (const std::string& item : std::get<std::vector<std::string>>(value))
        list += (list.empty() ? "\"" : ", \"") + item + '"';
    return '[' + for_message(list) + ']';
}

Result<void> apply(const std::vector<Assignment>& assignments, Settings& settings) {
    for (const Assignment& assignment : assignments) {
        const Row* row = find_row(assignment.name);
        if (row == nullptr) return unknown_setting(assignment);
        if (!assign(*row, assignment.value, settings))
            return SettingError{assignment.name + ": " + shown_value(*row, assignment.value) +
                                " from " + assignment.source +
                                " is not allowed; allowed: " + allowed_text(*row)};
    }
    return {};
}

SettingError only_one_given(const char* given, const char* missing) {
    return SettingError{std::string(missing) + ": not set although " + given +
                        " is; allowed: both or none"};
}

/// Without room beside the metadata's memory every request would get SlowDown.
Result<void> check_memory(const Settings& settings) {
    constexpr std::uint64_t metadata_percent_max = 60;
    if (settings.mem_limit_bytes == 0) return {};
    const auto metadata = settings.storage_cache_bytes + settings.storage_memtable_bytes;
    const auto allowed =
        std::max(settings.mem_limit_bytes, mem_limit_bytes_min) / 100 * metadata_percent_max;
    if (metadata <= allowed) return {};
    return SettingError{"storage.cache_bytes: together with storage.memtable_bytes " +
                        std::to_string(metadata) + " bytes, mem.limit is " +
                        std::to_string(settings.mem_limit_bytes) +
                        "; allowed: " + std::to_string(metadata_percent_max) + " % of it, " +
                        std::to_string(allowed) + " bytes"};
}

/// What no row can check alone.
Result<void> check_together(const Settings& settings) {
    if (settings.tls_certificate.empty() != settings.tls_key.empty())
        return settings.tls_key.empty() ? only_one_given("tls.certificate", "tls.key")
                                        : only_one_given("tls.key", "tls.certificate");
    if (settings.root_access_key.empty() != settings.root_secret_key.empty())
        return settings.root_secret_key.empty()
                   ? only_one_given("root.access_key", "root.secret_key")
                   : only_one_given("root.secret_key", "root.access_key");
    if (!settings.encryption_keyring_file.empty() && !settings.encryption_master_key.empty())
        return SettingError{
            "encryption.keyring_file: \"" + for_message(settings.encryption_keyring_file) +
            "\" although encryption.master_key is set as well; allowed: one of them"};
    if (settings.admin_port != 0 && settings.admin_port == settings.server_port &&
        settings.admin_address == settings.server_address)
        return SettingError{"admin.port: \"" + std::to_string(settings.admin_port) +
                            "\" is server.port too; allowed: another port or address"};
    if (settings.storage_read_only && settings.storage_engine == "memory")
        return SettingError{
            "storage.read_only: \"true\" although storage.engine is memory, which has nothing to "
            "read; allowed: with storage.engine=local"};
    return check_memory(settings);
}

Result<void> apply_all(const Sources& sources, Settings& settings) {
    if (!sources.file.empty()) {
        const auto assignments = from_file(sources.file);
        if (!assignments) return assignments.error();
        if (auto applied = apply(*assignments, settings); !applied) return applied;
    }
    const auto environment = from_environment(sources.environment);
    if (!environment) return environment.error();
    if (auto applied = apply(*environment, settings); !applied) return applied;
    const auto flags = from_flags(sources.assignments);
    if (!flags) return flags.error();
    if (auto applied = apply(*flags, settings); !applied) return applied;
    return check_together(settings);
}

}  // namespace

Result<Settings> load(const Sources& sources) {
    Settings settings = default_settings();
    if (auto applied = apply_all(sources, settings); !applied) return std::move(applied).error();
    return settings;
}

}  // namespace holdfast::config
