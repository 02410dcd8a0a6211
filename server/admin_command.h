/// `holdfast admin ...`: asks a running server through its admin API and shows what it says, as
/// tables for people or (--json) as it came. threads: main.
#pragma once

#include <chrono>
#include <string>

#include "config/settings.h"
#include "server/admin/calls.h"
#include "server/failure.h"

namespace holdfast::server {

using AdminCommand = admin::Call;

struct AdminCall {
    AdminCommand command = AdminCommand::info;
    bool json = false;     ///< --json
    bool confirm = false;  ///< --confirm, of gc run
    std::string name;      ///< of a snapshot to make (empty: the server finds one) or delete
};

/// What to print. errors: usage (no token to be found, a wrong one), failure (no server, refused).
Result<std::string> call_admin(const config::Settings& settings, const AdminCall& call);

}  // namespace holdfast::server
