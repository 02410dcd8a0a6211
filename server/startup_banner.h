/// What the server says to people when it is ready: where it is, and how to use it. threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::server {

/// "http://127.0.0.1:9000". A wildcard address becomes the loopback one of its family: that is
/// where a client on this machine finds it.
std::string endpoint_url(const std::string& address, std::uint16_t port, bool tls);

struct Banner {
    std::string version;
    std::string endpoint;
    std::string admin_endpoint;
    std::string region;
    std::string data;  ///< the data directory, or where data is kept otherwise
    std::string access_key_id;
    base::Secret new_secret_key;   ///< only when it was made at this start: shown this once
    std::string credentials_path;  ///< where the key is kept; empty: nowhere, or in the settings
};

/// With a new key also client configurations to paste.
std::string banner_text(const Banner& banner);

}  // namespace holdfast::server
