/// `holdfast admin ...`: asks a running server through its admin API and shows what it says, as
/// tables for people or (--json) as it came. threads: main.
#pragma once

#include <chrono>
#include <string>

#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

enum class AdminCommand {
    info,
    gc_report,
    gc_run,
    scrub_start,
    scrub_status,
    scrub_report,
    volume_resume,
};

struct AdminCall {
    AdminCommand command = AdminCommand::info;
    bool json = false;     ///< --json
    bool confirm = false;  ///< --confirm, of gc run
};

/// What to print. errors: usage (no token to be found, a wrong one), failure (no server, refused).
Result<std::string> call_admin(const config::Settings& settings, const AdminCall& call);

}  // namespace holdfast::server
