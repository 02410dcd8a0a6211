#include "server/admin_token.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "server/values_file.h"

namespace holdfast::server {

namespace {

constexpr unsigned owner_only = 0600;
constexpr std::uint64_t file_bytes_max = 4096;
constexpr std::size_t token_random_bytes = 32;

bool is_token(std::string_view text) {
    return text.size() == 2 * token_random_bytes &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Nothing when there is no file. errors: data_unusable.
Result<std::optional<base::Secret>> read_token(base::Vfs& vfs, const std::string& path) {
    const auto there = vfs.exists(path);
    if (!there) return Failure{ExitCode::data_unusable, there.error().message()};
    if (!*there) return std::optional<base::Secret>();
    const auto content = base::read_file(vfs, path, file_bytes_max);
    if (!content) return Failure{ExitCode::data_unusable, content.error().message()};
    auto text = base::as_text(*content);
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (!is_token(text))
        return Failure{ExitCode::data_unusable,
                       path +
                           ": not what this version of Holdfast writes; delete the file to have "
                           "the next start make another token"};
    return std::optional<base::Secret>(base::Secret(std::string(text)));
}

}  // namespace

std::string admin_token_path(const std::string& directory) {
    return path_in(directory, "admin-token");
}

Result<base::Secret> open_admin_token(const config::Settings& settings, base::Vfs& vfs,
                                      base::Random& random) {
    if (!settings.admin_token.empty() || settings.storage_engine == "memory")
        return settings.admin_token;
    const auto path = admin_token_path(settings.storage_directory);
    auto found = read_token(vfs, path);
    if (!found) return std::move(found).error();
    if (*found) return **std::move(found);
    if (settings.storage_read_only) return base::Secret();
    std::array<std::uint8_t, token_random_bytes> bytes{};
    random.fill(bytes);
    base::Secret token(base::to_hex(bytes));
    const base::Secret line(std::string(token.reveal()) + '\n');
    const auto written =
        base::write_file_durably(vfs, path, base::as_bytes(line.reveal()), owner_only);
    if (!written && written.error().code == EROFS) return base::Secret();
    if (!written) return Failure{ExitCode::data_unusable, written.error().message()};
    return token;
}

Result<base::Secret> find_admin_token(const config::Settings& settings, base::Vfs& vfs) {
    if (!settings.admin_token.empty()) return settings.admin_token;
    const auto path = admin_token_path(settings.storage_directory);
    auto found = read_token(vfs, path);
    if (!found) return std::move(found).error();
    if (*found) return **std::move(found);
    return Failure{ExitCode::usage, "there is no admin token: " + path +
                                        " does not exist; give this command the server's settings "
                                        "(storage.directory, or admin.token)"};
}

}  // namespace holdfast::server
