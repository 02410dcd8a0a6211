// The table of settings as text: what `config show`, `config defaults` and the documentation say.

#include "base/assert.h"
#include "config/settings.h"
#include "config/settings_table.h"

namespace holdfast::config {

namespace {

/// Calls `begin(section)` before the first row of each section, and `each(row)`.
template <class Begin, class Each>
void for_each_section(Begin begin, Each each) {
    std::string_view section;
    for (const Row& row : settings_table()) {
        if (section_of(row) != section) begin(section = section_of(row));
        each(row);
    }
}

Settings defaults() {
    const auto settings = load({});
    HF_ASSERT(settings);
    return *settings;
}

/// A secret stands in a comment, so that what is shown can be loaded again.
std::string secret_line(const Row& row, const Settings& settings) {
    const auto member = std::get<base::Secret Settings::*>(row.member);
    return "# " + std::string(key_of(row)) + " = " +
           ((settings.*member).empty() ? "(not set)" : "(set)") + '\n';
}

std::string value_line(const Row& row, const Settings& settings) {
    return std::string(key_of(row)) + " = " + toml_value(row, settings) + '\n';
}

void append_section(std::string& text, std::string_view section) {
    if (!text.empty()) text += '\n';
    text.append("[").append(section).append("]\n");
}

/// "# " lines of at most 100 columns, broken at spaces.
std::string comment(std::string text) {
    constexpr std::size_t columns = 98;
    std::string lines;
    while (text.size() > columns) {
        const auto space = text.rfind(' ', columns);
        lines += "# " + text.substr(0, space) + '\n';
        text.erase(0, space + 1);
    }
    return lines + "# " + text + '\n';
}

/// Markdown ends a cell at a bar.
std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '|') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string documentation_row(const Row& row, const Settings& settings) {
    std::string value = is_secret(row) ? "not set" : '`' + toml_value(row, settings) + '`';
    if (value == "`\"\"`") value = "empty";
    return "| `" + std::string(row.name) + "` | " + value + " | " + cell(allowed_text(row)) +
           " | " + cell(row.help) + " |\n";
}

constexpr std::string_view documentation_head = R"(# Configuration

Generated from the table of settings (`config/settings_table.cpp`).

Every setting has a default; an empty configuration starts a working server. Values come from four
places, each overruling the ones before it:

1. the defaults below;
2. a TOML file: `holdfast serve --config holdfast.toml`;
3. the environment: `server.port` is `HOLDFAST_SERVER_PORT`;
4. flags: `--set server.port=9100`.

```toml
[server]
address = "0.0.0.0"
port = 9100
domains = ["s3.example.org"]

[limits]
idle_timeout = "30s"
```

In the environment and in flags the items of a list stand between commas. A duration is a number with
`ms`, `s`, `m`, `h` or `d`. A number of bytes is plain, or has `KiB`, `MiB`, `GiB` or `TiB`. An empty
variable counts as an empty value, not as a missing one.

A name that is not below, or a value that is not allowed, stops the start with one line that names the
setting, the value, where it came from and what is allowed. `holdfast config check` does only that,
`holdfast config show` prints what is in force (secrets only as set or not set), and
`holdfast config defaults` prints a commented file to start from.
)";

}  // namespace

std::string show(const Settings& settings) {
    std::string text;
    for_each_section([&](std::string_view section) { append_section(text, section); },
                     [&](const Row& row) {
                         text += is_secret(row) ? secret_line(row, settings)
                                                : value_line(row, settings);
                     });
    return text;
}

std::string defaults_toml() {
    const Settings settings = defaults();
    std::string text;
    for_each_section([&](std::string_view section) { append_section(text, section); },
                     [&](const Row& row) {
                         text += comment(std::string(row.help));
                         text += comment("Allowed: " + allowed_text(row) + ".");
                         text += is_secret(row) ? "# " + std::string(key_of(row)) + " = \"\"\n"
                                                : value_line(row, settings);
                     });
    return text;
}

std::string documentation() {
    const Settings settings = defaults();
    std::string text(documentation_head);
    for_each_section(
        [&](std::string_view section) {
            text.append("\n## [").append(section).append("]\n\n");
            text += "| setting | default | allowed | meaning |\n|---|---|---|---|\n";
        },
        [&](const Row& row) { text += documentation_row(row, settings); });
    return text;
}

}  // namespace holdfast::config
