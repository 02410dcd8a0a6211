#include "server/command_line.h"

#include "tests/catch.h"

using namespace holdfast::server;

namespace {

holdfast::base::Expected<CommandLine, Answered> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "holdfast");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

Command command_of(std::vector<const char*> arguments) {
    const auto line = parse(std::move(arguments));
    REQUIRE(line);
    return line->command;
}

}  // namespace

TEST_CASE("command line: every subcommand", "[server]") {
    CHECK(command_of({"serve"}) == Command::serve);
    CHECK(command_of({"health"}) == Command::health);
    CHECK(command_of({"config", "show"}) == Command::config_show);
    CHECK(command_of({"config", "check"}) == Command::config_check);
    CHECK(command_of({"config", "defaults"}) == Command::config_defaults);
    CHECK(command_of({"config", "docs"}) == Command::config_docs);
    CHECK(command_of({"support"}) == Command::support);
    CHECK(command_of({"version"}) == Command::version);
}

TEST_CASE("command line: every admin command, --json and --confirm", "[server]") {
    const std::vector<std::pair<std::vector<const char*>, AdminCommand>> calls{
        {{"admin", "info"}, AdminCommand::info},
        {{"admin", "gc", "report"}, AdminCommand::gc_report},
        {{"admin", "gc", "run"}, AdminCommand::gc_run},
        {{"admin", "scrub", "start"}, AdminCommand::scrub_start},
        {{"admin", "scrub", "status"}, AdminCommand::scrub_status},
        {{"admin", "scrub", "report"}, AdminCommand::scrub_report},
        {{"admin", "volume", "resume"}, AdminCommand::volume_resume},
        {{"admin", "snapshot", "create"}, AdminCommand::snapshot_create},
        {{"admin", "snapshot", "list"}, AdminCommand::snapshot_list}};
    for (const auto& [arguments, command] : calls) {
        const auto line = parse(arguments);
        REQUIRE(line);
        CHECK(line->command == Command::admin);
        CHECK(line->admin.command == command);
        CHECK_FALSE(line->admin.json);
        CHECK_FALSE(line->admin.confirm);
    }
    const auto line = parse({"admin", "gc", "run", "--confirm", "--json", "--set", "a.b=c"});
    REQUIRE(line);
    CHECK(line->admin.json);
    CHECK(line->admin.confirm);
    CHECK(line->assignments == std::vector<std::string>{"a.b=c"});
    for (const auto& [word, command] : {std::pair{"create", AdminCommand::snapshot_create},
                                        std::pair{"delete", AdminCommand::snapshot_delete}}) {
        const auto named = parse({"admin", "snapshot", word, "monday", "--json"});
        REQUIRE(named);
        CHECK(named->admin.command == command);
        CHECK(named->admin.name == "monday");
    }
    CHECK_FALSE(parse({"admin", "snapshot", "delete"}));
    CHECK_FALSE(parse({"admin", "snapshot", "create", "monday", "tuesday"}));
    CHECK_FALSE(parse({"admin"}));
    CHECK_FALSE(parse({"admin", "gc"}));
    CHECK_FALSE(parse({"admin", "info", "--confirm"}));
}

TEST_CASE("command line: --config and --set stand before or after the subcommand", "[server]") {
    for (const auto& arguments :
         {std::vector{"serve", "--config", "a.toml", "--set", "a.b=c", "--set", "d.e=f=g"},
          std::vector{"--config", "a.toml", "--set", "a.b=c", "--set", "d.e=f=g", "serve"},
          std::vector{"--config=a.toml", "config", "show", "--set=a.b=c", "--set=d.e=f=g"}}) {
        const auto line = parse(arguments);
        REQUIRE(line);
        CHECK(line->config_file == "a.toml");
        CHECK(line->assignments == std::vector<std::string>{"a.b=c", "d.e=f=g"});
    }
}

TEST_CASE("command line: a list's commas and brackets stay as they are", "[server]") {
    const auto line = parse({"serve", "--set", "server.domains=a.example,b.example"});
    REQUIRE(line);
    CHECK(line->assignments == std::vector<std::string>{"server.domains=a.example,b.example"});
}

TEST_CASE("command line: without a subcommand, and with --help, it teaches", "[server]") {
    for (const auto& arguments : {std::vector<const char*>{}, {"--help"}, {"-h"}}) {
        const auto line = parse(arguments);
        REQUIRE_FALSE(line);
        CHECK(line.error().code == ExitCode::success);
        for (const char* part : {"holdfast serve", "config", "health", "support", "version",
                                 "--set", "--config", "Examples:", "Exit codes:", "Signals:"})
            CHECK_THAT(line.error().text, Catch::Contains(part));
    }
}

TEST_CASE("command line: what it does not know is exit code 2 and one line", "[server]") {
    for (const auto& arguments : {std::vector{"sevre"},
                                  {"serve", "--port", "1"},
                                  {"config"},
                                  {"config", "sow"},
                                  {"serve", "--config"},
                                  {"serve", "health"}}) {
        const auto line = parse(arguments);
        REQUIRE_FALSE(line);
        INFO(line.error().text);
        CHECK(line.error().code == ExitCode::usage);
        CHECK(line.error().text.find('\n') == line.error().text.size() - 1);
    }
}

TEST_CASE("command line: 2.5 serve --read-only is the setting, whatever stands around it",
          "[server]") {
    const auto line = parse({"serve", "--set", "a.b=c", "--read-only"});
    REQUIRE(line);
    CHECK(line->assignments == std::vector<std::string>{"a.b=c", "storage.read_only=true"});
    CHECK_FALSE(parse({"health", "--read-only"}));
}

TEST_CASE("command line: fsck changes nothing unless a flag says what", "[server]") {
    const auto check = parse({"fsck", "--set", "a.b=c"});
    REQUIRE(check);
    CHECK(check->command == Command::fsck);
    CHECK_FALSE(check->fsck.rebuild);
    CHECK_FALSE(check->fsck.accept_loss);
    CHECK(parse({"fsck", "--rebuild", "--json"})->fsck.rebuild);
    CHECK(parse({"fsck", "--accept-loss"})->fsck.accept_loss);
    CHECK_FALSE(parse({"fsck", "--rebuild", "--accept-loss"}));
    const auto help = parse({"fsck", "--help"});
    REQUIRE_FALSE(help);
    for (const char* part : {"--rebuild", "--accept-loss", "index.damaged-1", "Exit codes:"})
        CHECK_THAT(help.error().text, Catch::Contains(part));
}
