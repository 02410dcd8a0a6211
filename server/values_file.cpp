#include "server/values_file.h"

#include "base/assert.h"

namespace holdfast::server {

namespace {

constexpr unsigned owner_only = 0600;
constexpr std::uint64_t file_bytes_max = 4096;

using Values = std::vector<std::string>;

Failure unusable(std::string message) {
    return {ExitCode::data_unusable, std::move(message)};
}

/// Takes `expected` off the front.
bool consume(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

std::optional<Values> parse(const ValuesLayout& layout, std::string_view text) {
    if (!consume(text, layout.head) || !consume(text, "\n")) return std::nullopt;
    Values values;
    for (const std::string_view name : layout.names) {
        if (!consume(text, name) || !consume(text, "=")) return std::nullopt;
        const auto end = text.find('\n');
        if (end == 0 || end == std::string_view::npos) return std::nullopt;
        values.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    if (!text.empty()) return std::nullopt;
    return values;
}

}  // namespace

std::string path_in(const std::string& directory, std::string_view file) {
    return directory + (directory.ends_with('/') ? "" : "/") + std::string(file);
}

Result<std::optional<Values>> read_values(base::Vfs& vfs, const std::string& directory,
                                          const ValuesLayout& layout) {
    const std::string path = path_in(directory, layout.file);
    const auto there = vfs.exists(path);
    if (!there) return unusable(there.error().message());
    if (!*there) return std::optional<Values>();
    const auto content = base::read_file(vfs, path, file_bytes_max);
    if (!content) return unusable(content.error().message());
    auto values = parse(layout, base::as_text(*content));
    if (!values)
        return unusable(path + ": not what this version of Holdfast writes; restore the file");
    return values;
}

Result<void> write_values(base::Vfs& vfs, const std::string& directory, const ValuesLayout& layout,
                          const Values& values) {
    HF_ASSERT(values.size() == layout.names.size());
    std::string content(layout.head);
    content += '\n';
    for (std::size_t i = 0; i < values.size(); ++i)
        content.append(layout.names[i]).append("=").append(values[i]).append("\n");
    const auto written = base::write_file_durably(vfs, path_in(directory, layout.file),
                                                  base::as_bytes(content), owner_only);
    if (!written) return unusable(written.error().message());
    return {};
}

}  // namespace holdfast::server
