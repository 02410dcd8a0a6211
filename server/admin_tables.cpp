#include "server/admin_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <vector>

namespace holdfast::server {

namespace json = boost::json;

namespace {

constexpr std::string_view bytes_suffix = "_bytes";

std::string heading(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

/// What a terminal may take: a key can hold anything.
std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            shown += fmt::format("\\x{:02x}", byte);
        else
            shown += c;
    }
    return shown;
}

std::string cell(std::string_view name, const json::value& value) {
    if (value.is_null()) return "-";
    if (value.is_string()) return value.as_string().empty() ? "-" : printable(value.as_string());
    if (value.is_bool()) return value.as_bool() ? "yes" : "no";
    if (name.ends_with(bytes_suffix) && (value.is_int64() || value.is_uint64())) {
        const auto bytes = value.to_number<std::uint64_t>();
        if (bytes < 1024) return human_bytes(bytes);
        return fmt::format("{} ({})", human_bytes(bytes), bytes);
    }
    return json::serialize(value);
}

std::string table(const json::array& rows, std::string_view indent) {
    if (rows.empty()) return fmt::format("{}none\n", indent);
    std::vector<std::string> names;
    for (const auto& member : rows.front().as_object()) names.emplace_back(member.key());
    std::vector<std::vector<std::string>> lines(1);
    for (const auto& name : names) lines[0].push_back(heading(name));
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (const auto& name : names) {
            const auto* found = row.as_object().if_contains(name);
            line.push_back(found == nullptr ? "-" : cell(name, *found));
        }
    }
    std::vector<std::size_t> widths(names.size());
    for (const auto& line : lines)
        for (std::size_t i = 0; i < names.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    std::string text;
    for (const auto& line : lines) {
        text += indent;
        for (std::size_t i = 0; i + 1 < names.size(); ++i)
            text += fmt::format("{:<{}}  ", line[i], widths[i]);
        text += line.back() + '\n';
    }
    return text;
}

void append(const json::object& members, const std::string& indent, std::string& text) {
    std::size_t width = 0;
    for (const auto& member : members)
        if (!member.value().is_structured()) width = std::max(width, member.key().size());
    for (const auto& member : members) {
        const auto name = std::string_view(member.key().data(), member.key().size());
        if (member.value().is_object()) {
            text += fmt::format("{}{}\n", indent, heading(name));
            append(member.value().as_object(), indent + "  ", text);
        } else if (member.value().is_array()) {
            text += fmt::format("{}{}\n", indent, heading(name));
            text += table(member.value().as_array(), indent + "  ");
        } else {
            text += fmt::format("{}{:<{}}  {}\n", indent, heading(name), width,
                                cell(name, member.value()));
        }
    }
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string admin_table(const json::object& answer) {
    std::string text;
    append(answer, "", text);
    return text;
}

}  // namespace holdfast::server
