#include "server/commands.h"

#include <cstdio>

#include "config/settings.h"
#include "server/health_check.h"
#include "server/s3/operation.h"
#include "server/serve.h"

namespace holdfast::server {

namespace {

constexpr std::chrono::seconds health_timeout{5};

Result<void> print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        return Failure{ExitCode::failure, "standard output cannot be written"};
    return {};
}

Result<void> print_admin(const config::Settings& settings, const AdminCall& call) {
    const auto answer = call_admin(settings, call);
    if (!answer) return answer.error();
    return print(*answer);
}

Result<void> run_with(const config::Settings& settings, const CommandLine& line) {
    switch (line.command) {
        case Command::serve:
            return serve(settings);
        case Command::health:
            return check_health(settings, health_timeout);
        case Command::admin:
            return print_admin(settings, line.admin);
        case Command::fsck:
            return fsck(settings, line.fsck);
        case Command::config_show:
            return print(config::show(settings));
        default:  // config check: being here is the answer
            return {};
    }
}

}  // namespace

Result<void> run(const CommandLine& line, std::map<std::string, std::string> environment) {
    switch (line.command) {
        case Command::config_defaults:
            return print(config::defaults_toml());
        case Command::config_docs:
            return print(config::documentation());
        case Command::support:
            return print(s3::support_page());
        case Command::version:
            return print("holdfast " HF_VERSION "\n");
        default:
            break;
    }
    const auto settings =
        config::load({line.config_file, std::move(environment), line.assignments});
    if (!settings) return Failure{ExitCode::usage, settings.error().message};
    return run_with(*settings, line);
}

}  // namespace holdfast::server
