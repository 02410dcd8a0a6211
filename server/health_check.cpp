#include "server/health_check.h"

#include <fmt/format.h>

#include "server/admin_client.h"

namespace holdfast::server {

Result<void> check_health(const config::Settings& settings, std::chrono::milliseconds timeout) {
    const auto answer = ask_admin(settings, {"GET", "/health/ready", {}}, timeout);
    if (!answer) return answer.error();
    if (answer->status != 200)
        return Failure{ExitCode::failure,
                       fmt::format("{}/health/ready: {} {}", admin_url(settings), answer->status,
                                   answer->body.substr(0, answer->body.find('\n')))};
    return {};
}

}  // namespace holdfast::server
