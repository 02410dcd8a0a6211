/// `holdfast health`: asks the admin listener of a running server whether it is ready, so that a
/// container needs no other program for its health check. threads: one.
#pragma once

#include <chrono>

#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

/// errors: not ready, no answer within `timeout`, nobody there; usage: admin.port is 0.
Result<void> check_health(const config::Settings& settings, std::chrono::milliseconds timeout);

}  // namespace holdfast::server
