/// What was typed, and the help that teaches it. threads: one.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/admin_command.h"
#include "server/failure.h"
#include "server/fsck.h"

namespace holdfast::server {

enum class Command {
    serve,
    health,
    admin,
    fsck,
    config_show,
    config_check,
    config_defaults,
    config_docs,
    support,
    version,
};

struct CommandLine {
    Command command = Command::serve;
    std::string config_file;               ///< --config, or empty
    std::vector<std::string> assignments;  ///< --set, in order
    AdminCall admin;                       ///< of Command::admin
    FsckCall fsck;                         ///< of Command::fsck
};

/// Help was asked for (success), or the command line is wrong (usage).
struct Answered {
    ExitCode code = ExitCode::success;
    std::string text;
};

base::Expected<CommandLine, Answered> parse_command_line(int count, const char* const* arguments);

}  // namespace holdfast::server
