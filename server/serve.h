/// `holdfast serve`: puts the rooms together, runs until a signal, takes them apart again.
/// threads: main.
#pragma once

#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

/// Returns after a clean stop. errors: what kept the server from starting.
Result<void> serve(const config::Settings& settings);

}  // namespace holdfast::server
