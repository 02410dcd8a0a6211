#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <optional>

namespace holdfast::server {

namespace {

constexpr const char* description =
    "Holdfast: an S3-compatible object storage server.\n"
    "\n"
    "Examples:\n"
    "  holdfast serve                                  S3 on 127.0.0.1:9000, data in ./data\n"
    "  holdfast serve --set server.address=0.0.0.0     for other machines, too\n"
    "  holdfast serve --set storage.engine=memory      throw-away server for tests\n"
    "  holdfast serve --config holdfast.toml           settings from a file\n"
    "  HOLDFAST_SERVER_PORT=9100 holdfast serve        settings from the environment\n"
    "  holdfast config defaults > holdfast.toml        a commented file to start from";

constexpr const char* footer =
    "Settings come from the file, then the environment (HOLDFAST_SECTION_KEY), then --set; the\n"
    "later overrules the earlier. All of them: docs/configuration.md, or `holdfast config docs`.\n"
    "\n"
    "The first start makes root credentials, prints them once and keeps them in the data "
    "directory\n"
    "(root-credentials, for the owner only). HOLDFAST_ROOT_ACCESS_KEY and "
    "HOLDFAST_ROOT_SECRET_KEY\n"
    "overrule them.\n"
    "\n"
    "Signals: TERM and INT let running requests finish, a second one stops at once; HUP reads TLS\n"
    "certificates again and reopens the log file.\n"
    "\n"
    "Exit codes: 0 done or stopped; 1 other failure, or not ready (health); 2 command line or\n"
    "setting; 3 data directory, keyring or credentials unusable; 4 data directory in use by "
    "another\n"
    "server; 5 cannot listen (address, port, TLS files).";

/// A subcommand that, when it is the one typed, becomes the command.
CLI::App* add(CLI::App& parent, const char* name, const char* help, Command command,
              std::optional<Command>& chosen) {
    CLI::App* const sub = parent.add_subcommand(name, help);
    sub->callback([command, &chosen] { chosen = command; });
    sub->fallthrough();  // --config and --set may follow the subcommand
    return sub;
}

/// A subcommand of `holdfast admin`, or of one of its groups.
CLI::App* add_admin(CLI::App& parent, const char* name, const char* help, AdminCommand command,
                    AdminCall& call, std::optional<Command>& chosen) {
    CLI::App* const sub = add(parent, name, help, Command::admin, chosen);
    sub->callback([command, &call, &chosen] {
        chosen = Command::admin;
        call.command = command;
    });
    return sub;
}

CLI::App* add_group(CLI::App& parent, const char* name, const char* help) {
    CLI::App* const group = parent.add_subcommand(name, help);
    group->fallthrough();
    group->require_subcommand(1);
    return group;
}

void add_snapshot_commands(CLI::App& admin, AdminCall& call, std::optional<Command>& chosen) {
    CLI::App* const snapshot =
        add_group(admin, "snapshot", "Snapshots of the data directory, to copy elsewhere");
    CLI::App* const create =
        add_admin(*snapshot, "create", "Make one in DIRECTORY/snapshots, while everything goes on",
                  AdminCommand::snapshot_create, call, chosen);
    create->add_option("NAME", call.name, "Its name; the time when none is given");
    add_admin(*snapshot, "list", "Which there are", AdminCommand::snapshot_list, call, chosen);
    CLI::App* const remove =
        add_admin(*snapshot, "delete", "Delete one; the space that it kept comes back",
                  AdminCommand::snapshot_delete, call, chosen);
    remove->add_option("NAME", call.name, "Which one")->required();
}

void add_admin_commands(CLI::App& app, AdminCall& call, std::optional<Command>& chosen) {
    CLI::App* const admin = add_group(
        app, "admin",
        "Ask a running server: admin info, admin gc, admin scrub, admin volume, admin snapshot");
    admin->add_flag("--json", call.json, "Print the answer as JSON");
    add_admin(*admin, "info", "Where the data is, in which condition, and how much",
              AdminCommand::info, call, chosen);
    CLI::App* const gc = add_group(*admin, "gc", "Space that nothing refers to");
    add_admin(*gc, "report", "What the segments' space is used for", AdminCommand::gc_report, call,
              chosen);
    add_admin(*gc, "run", "Look for space without an owner", AdminCommand::gc_run, call, chosen)
        ->add_flag("--confirm", call.confirm, "Also when there is suspiciously much of it");
    CLI::App* const scrub = add_group(*admin, "scrub", "Read everything stored and check it");
    add_admin(*scrub, "start", "Start a scrub", AdminCommand::scrub_start, call, chosen);
    add_admin(*scrub, "status", "How far the scrub is", AdminCommand::scrub_status, call, chosen);
    add_admin(*scrub, "report", "What is damaged", AdminCommand::scrub_report, call, chosen);
    CLI::App* const volume = add_group(*admin, "volume", "The data directory");
    add_admin(*volume, "resume", "Try to take writes again", AdminCommand::volume_resume, call,
              chosen);
    add_snapshot_commands(*admin, call, chosen);
}

constexpr const char* fsck_footer =
    "Without a flag nothing is changed: every row of the index, every blob it refers to and every\n"
    "piece of the segments is read and compared, and what does not agree is listed by bucket and\n"
    "key. Stop the server first.\n"
    "\n"
    "When the index is missing or does not open, --rebuild makes another from the segments, which\n"
    "hold a copy of each object's metadata. The damaged index is moved aside (index.damaged-1).\n"
    "An index that opens is not replaced, also when a part of it cannot be read: copy away what\n"
    "is only in it, move index/ out of the directory, then run it.\n"
    "Not in the segments, and so lost with the index: objects up to storage.inline_bytes_max,\n"
    "unfinished uploads, owners of buckets (they become the root account's). What was deleted a\n"
    "moment before may come back.\n"
    "\n"
    "When a start says that acknowledged commits are missing, --rebuild puts back the objects\n"
    "whose blobs are there, and --accept-loss gives them up. Both let the next start take writes,\n"
    "and keep the index' log (index-wal-kept-1).\n"
    "\n"
    "Exit codes: 0 no problems; 1 problems were found; 3 data directory unusable; 4 in use.\n"
    "\n"
    "Examples:\n"
    "  holdfast fsck --set storage.directory=/srv/holdfast\n"
    "  holdfast fsck --config holdfast.toml --json\n"
    "  holdfast fsck --config holdfast.toml --rebuild";

void add_fsck(CLI::App& app, FsckCall& call, std::optional<Command>& chosen) {
    CLI::App* const fsck =
        add(app, "fsck", "Check a data directory that no server uses, or restore its index",
            Command::fsck, chosen);
    fsck->footer(fsck_footer);
    fsck->add_flag("--json", call.json, "Print the report as JSON");
    CLI::Option* const rebuild = fsck->add_flag(
        "--rebuild", call.rebuild, "Restore a lost or damaged index from the segments");
    fsck->add_flag("--accept-loss", call.accept_loss,
                   "Give up acknowledged commits that are missing, so that writes are taken again")
        ->excludes(rebuild);
}

void add_commands(CLI::App& app, CommandLine& line, std::optional<Command>& chosen) {
    const auto set_read_only = [&line](std::int64_t) {
        line.assignments.emplace_back("storage.read_only=true");
    };
    add(app, "serve", "Start the server in the foreground", Command::serve, chosen)
        ->add_flag_function("--read-only", set_read_only,
                            "Write nothing; the same as --set storage.read_only=true");
    add(app, "health", "Ask a running server whether it is ready (the settings say where)",
        Command::health, chosen);
    CLI::App* const config = app.add_subcommand(
        "config", "Settings: config show, config check, config defaults, config docs");
    config->fallthrough();
    config->require_subcommand(1);
    add(*config, "show", "Print the settings in force; secrets only as set or not set",
        Command::config_show, chosen);
    add(*config, "check", "Check the settings and say nothing when they are right",
        Command::config_check, chosen);
    add(*config, "defaults", "Print a commented settings file with every default",
        Command::config_defaults, chosen);
    add(*config, "docs", "Print docs/configuration.md", Command::config_docs, chosen);
    add(app, "support", "Print which S3 operations are supported", Command::support, chosen);
    add(app, "version", "Print the version", Command::version, chosen);
}

}  // namespace

base::Expected<CommandLine, Answered> parse_command_line(int count, const char* const* arguments) {
    CommandLine line;
    std::optional<Command> chosen;
    CLI::App app(description, "holdfast");
    app.footer(footer);
    app.require_subcommand(0, 1);
    app.add_option("--config", line.config_file, "Settings file (TOML)")->type_name("FILE");
    app.add_option("--set", line.assignments, "Overrule one setting (repeatable)")
        ->type_name("SECTION.KEY=VALUE")
        ->allow_extra_args(false);
    add_commands(app, line, chosen);
    add_admin_commands(app, line.admin, chosen);
    add_fsck(app, line.fsck, chosen);
    try {
        app.parse(count, arguments);
    } catch (const CLI::CallForHelp&) {
        return Answered{ExitCode::success, app.help()};
    } catch (const CLI::ParseError& error) {
        return Answered{ExitCode::usage, std::string(error.what()) + "; see holdfast --help\n"};
    }
    if (!chosen) return Answered{ExitCode::success, app.help()};
    line.command = *chosen;
    return line;
}

}  // namespace holdfast::server
