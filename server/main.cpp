#include <unistd.h>

#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "server/command_line.h"
#include "server/commands.h"

namespace {

using holdfast::server::ExitCode;

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        const auto equals = text.find('=');
        if (equals != std::string::npos)
            variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return variables;
}

ExitCode fail(ExitCode code, const std::string& message) {
    std::fprintf(stderr, "holdfast: %s\n", message.c_str());
    return code;
}

ExitCode run(int count, const char* const* arguments) {
    const auto line = holdfast::server::parse_command_line(count, arguments);
    if (!line) {
        const auto& [code, text] = line.error();
        std::fputs(text.c_str(), code == ExitCode::success ? stdout : stderr);
        return code;
    }
    const auto done = holdfast::server::run(*line, environment());
    return done ? ExitCode::success : fail(done.error().code, done.error().message);
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return static_cast<int>(run(count, arguments));
    } catch (const std::exception& error) {
        return static_cast<int>(fail(ExitCode::failure, error.what()));
    }
}
