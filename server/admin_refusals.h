/// What calls of the admin API answer when they do nothing. threads: any.
#pragma once

#include <string_view>

#include "server/admin/operator.h"

namespace holdfast::server {

inline admin::Reply refusal(unsigned status, std::string_view error) {
    admin::Reply reply;
    reply.status = status;
    reply.body["error"] = error;
    return reply;
}

inline admin::Reply no_disk() {
    return refusal(409, "storage.engine is memory: there is nothing on a disk");
}

}  // namespace holdfast::server
