/// Sockets that are bound and listening. threads: any
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/http/server.h"

namespace holdfast::http {

struct BoundSockets {
    std::vector<int> sockets;  ///< one for each loop; the caller closes them
    std::uint16_t port = 0;
    bool is_v6 = false;
};

/// count > 1: they share the port by SO_REUSEPORT, and the kernel spreads connections over them.
base::Expected<BoundSockets, StartError> bind_sockets(const std::string& address,
                                                      std::uint16_t port, std::size_t count);

}  // namespace holdfast::http
