/// One request to the admin listener of a running server, for the commands. threads: one.
#pragma once

#include <chrono>
#include <string>

#include "base/bytes.h"
#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

struct AdminRequest {
    std::string method;
    std::string target;
    base::Secret token;  ///< empty: none is sent
};
struct AdminAnswer {
    unsigned status = 0;
    std::string body;
};

/// "http://127.0.0.1:9001".
std::string admin_url(const config::Settings& settings);

/// errors: nobody there, no whole answer within `timeout`; usage: admin.port is 0.
Result<AdminAnswer> ask_admin(const config::Settings& settings, const AdminRequest& request,
                              std::chrono::milliseconds timeout);

}  // namespace holdfast::server
