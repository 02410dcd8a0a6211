/// What each subcommand does. threads: main.
#pragma once

#include <map>
#include <string>

#include "server/command_line.h"
#include "server/failure.h"

namespace holdfast::server {

/// Writes to standard output what the command prints.
Result<void> run(const CommandLine& line, std::map<std::string, std::string> environment);

}  // namespace holdfast::server
