/// What the operating system grants the process. threads: any.
#pragma once

#include <cstddef>

namespace holdfast::server {

/// Raises the limit of open files as far as is allowed and says how many that is.
std::size_t raise_open_files_limit();

/// Processor cores the process may use (its affinity, not the machine's number). At least one.
std::size_t usable_cores();

}  // namespace holdfast::server
