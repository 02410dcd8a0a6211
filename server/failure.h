/// How the program ends: the exit codes scripts can rely on, and a failure that is one line.
#pragma once

#include <string>

#include "base/result.h"

namespace holdfast::server {

/// source: spec durability 2.5 for 3 and 4. Told to people in `holdfast --help`.
enum class ExitCode : int {
    success = 0,
    failure = 1,        ///< also: `holdfast health` found the server not ready
    usage = 2,          ///< command line or settings
    data_unusable = 3,  ///< the data directory, its keyring or its credentials
    data_in_use = 4,    ///< another server has the data directory
    not_listening = 5,  ///< an address, a port or the TLS files
};

struct Failure {
    ExitCode code = ExitCode::failure;
    std::string message;  ///< one line: what, which value, what to do
};
template <class T>
using Result = base::Expected<T, Failure>;

}  // namespace holdfast::server
