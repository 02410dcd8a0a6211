#include "server/admin_command.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "server/admin_client.h"
#include "server/admin_tables.h"
#include "server/admin_token.h"
#include "storage/volume_snapshots.h"

namespace holdfast::server {

namespace {

constexpr std::chrono::seconds answer_timeout{30};

/// A large directory takes a while to link, or to remove.
constexpr std::chrono::minutes snapshot_timeout{30};

std::chrono::milliseconds timeout_of(AdminCommand command) {
    const bool is_long =
        command == AdminCommand::snapshot_create || command == AdminCommand::snapshot_delete;
    return is_long ? snapshot_timeout : answer_timeout;
}

std::string target_of(const admin::CallPlace& place, const AdminCall& call) {
    std::string target = fmt::format("{}{}", admin::api_root, place.path);
    if (call.confirm) target.append("?").append(admin::consent_query);
    if (!call.name.empty()) target.append("?").append(admin::name_query).append(call.name);
    return target;
}

/// The answer's object; nothing when it is none.
std::optional<boost::json::object> parse(const std::string& body) {
    boost::system::error_code error;
    auto value = boost::json::parse(body, error);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

Failure refused(const config::Settings& settings, const AdminAnswer& answer) {
    if (answer.status == 401)
        return {ExitCode::usage, fmt::format("the server at {} refuses the admin token: it has "
                                             "another data directory or admin.token",
                                             admin_url(settings))};
    std::string reason = fmt::format("status {}", answer.status);
    if (const auto said = parse(answer.body)) {
        const auto* error = said->if_contains("error");
        if (error != nullptr && error->is_string()) reason = error->as_string().c_str();
    }
    return {ExitCode::failure, fmt::format("{}: {}", admin_url(settings), reason)};
}

}  // namespace

Result<std::string> call_admin(const config::Settings& settings, const AdminCall& call) {
    // It goes into the request's target as it is.
    if (!call.name.empty() && !storage::is_snapshot_name(call.name))
        return Failure{ExitCode::usage, call.name +
                                            " is no name of a snapshot: 1 to 64 letters, "
                                            "digits, '.', '_' and '-'"};
    const auto vfs = base::make_posix_vfs();
    auto token = find_admin_token(settings, *vfs);
    if (!token) return std::move(token).error();
    const auto& place = admin::place_of(call.command);
    const AdminRequest request{std::string(place.method), target_of(place, call),
                               *std::move(token)};
    const auto answer = ask_admin(settings, request, timeout_of(call.command));
    if (!answer) return answer.error();
    if (answer->status > 299) return refused(settings, *answer);
    if (call.json) return answer->body;
    const auto said = parse(answer->body);
    if (!said) return Failure{ExitCode::failure, admin_url(settings) + ": not an admin API"};
    return admin_table(*said);
}

}  // namespace holdfast::server
