#include "bench/load/options.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/limits.h"

namespace holdfast::bench {

namespace {

/// What the command line says, before it is checked.
struct Raw {
    std::string endpoint = "http://127.0.0.1:9000";
    std::string secret_key;
    std::string sizes = "4KiB";
    std::string part_size = "8MiB";
    std::string duration = "10s";
    std::string warm_up = "1s";
    std::string payload = "signed";
    std::string checksum = "crc64nvme";
    std::string mix = "get=70,put=20,head=5,list=5";
};

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text,
                                             const std::array<Unit, N>& units) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return {};
    const auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& unit : units)
        if (unit.name == rest && number <= UINT64_MAX / unit.factor) return number * unit.factor;
    return {};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

bool resolve(std::string_view endpoint, Options& options) {
    constexpr std::string_view scheme = "http://";
    if (!endpoint.starts_with(scheme)) return false;
    endpoint.remove_prefix(scheme.size());
    if (endpoint.ends_with('/')) endpoint.remove_suffix(1);
    const auto parts = split(endpoint, ':');
    if (parts.size() > 2) return false;
    options.host = endpoint;
    const std::string name(parts[0]);
    const std::string port(parts.size() == 2 ? parts[1] : "80");
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(name.c_str(), port.c_str(), &hints, &found) != 0) return false;
    std::memcpy(&options.address, found->ai_addr, sizeof options.address);
    freeaddrinfo(found);
    return true;
}

void declare(CLI::App& app, Options& options, Raw& raw) {
    app.add_option("--endpoint", raw.endpoint, "http://host:port; TLS is not spoken")
        ->capture_default_str();
    app.add_option("--access-key", options.access_key, "access key")
        ->envname("HOLDFAST_ROOT_ACCESS_KEY");
    app.add_option("--secret-key", raw.secret_key, "secret key; better from the environment")
        ->envname("HOLDFAST_ROOT_SECRET_KEY");
    app.add_option("--region", options.region, "region to sign for")->default_val("us-east-1");
    app.add_flag("--anonymous", options.anonymous, "send no signature");
    app.add_flag("--plain", options.plain, "any HTTP server: get or head --path, no signature");
    app.add_option("--path", options.path, "with --plain: what to ask for")->default_val("/");
    app.add_option("--bucket", options.bucket, "made when missing")->default_val("bench");
    app.add_option("--prefix", options.prefix, "of the keys: letters, digits and -")
        ->default_val("bench");
    app.add_option("--size", raw.sizes, "bytes of an object, KiB, MiB, GiB; several with commas")
        ->capture_default_str();
    app.add_option("--part-size", raw.part_size, "bytes of a part of multipart")
        ->capture_default_str();
    app.add_option("--connections", options.connections, "connections, each with one request")
        ->default_val(64)
        ->check(CLI::Range(1, 100'000));
    app.add_option("--threads", options.threads, "threads they are spread over")
        ->default_val(1)
        ->check(CLI::Range(1, 64));
    app.add_option("--duration", raw.duration, "how long to measure: ms, s, m")
        ->capture_default_str();
    app.add_option("--warm-up", raw.warm_up, "load before the measurement")->capture_default_str();
    app.add_option("--requests", options.requests,
                   "stop after so many requests (uploads with multipart); no warm-up then");
    app.add_option("--objects", options.objects, "how many keys to prepare and spread over")
        ->default_val(1000)
        ->check(CLI::Range(1, 100'000'000));
    app.add_flag("!--no-prepare", options.prepare, "the keys exist already");
    app.add_option("--payload", raw.payload, "how bodies are signed")
        ->capture_default_str()
        ->check(CLI::IsMember({"signed", "unsigned", "trailer"}));
    app.add_option("--checksum", raw.checksum, "of --payload trailer")
        ->capture_default_str()
        ->check(CLI::IsMember({"crc64nvme", "crc32", "crc32c"}));
    app.add_option("--page-keys", options.page_keys, "keys of a page that list asks for")
        ->default_val(1000)
        ->check(CLI::Range(1, 1000));
    app.add_flag("--verify", options.verify, "compare what GET answers, byte by byte");
    app.add_option("--mix", raw.mix, "shares of the mixed load")->capture_default_str();
    app.add_option("--pid", options.server_pid, "the server's process: report its CPU and memory");
    app.add_option("--json", options.json_file, "write the figures there too");
}

std::optional<Command> command_named(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Command>, 7> commands{
        {{"put", Command::put},
         {"get", Command::get},
         {"head", Command::head},
         {"list", Command::list},
         {"delete", Command::remove},
         {"mixed", Command::mixed},
         {"multipart", Command::multipart}}};
    for (const auto& [word, command] : commands)
        if (word == name) return command;
    return {};
}

/// Empty when everything is well formed and fits together.
std::string check(const Raw& raw, Options& options) {
    options.secret_key = base::Secret(raw.secret_key);
    if (!resolve(raw.endpoint, options)) return "--endpoint: http://host:port";
    for (const auto text : split(raw.sizes, ',')) {
        const auto bytes = parse_bytes(text);
        if (!bytes) return "--size: a number with KiB, MiB or GiB";
        options.sizes.push_back(*bytes);
    }
    const auto part = parse_bytes(raw.part_size);
    const auto duration = parse_duration(raw.duration);
    const auto warm_up = parse_duration(raw.warm_up);
    const auto mix = parse_mix(raw.mix);
    if (!part || *part == 0) return "--part-size: a number with KiB, MiB or GiB";
    if (!duration || !warm_up) return "--duration, --warm-up: a number with ms, s or m";
    if (!mix) return "--mix: like get=70,put=20,head=5,list=4,delete=1";
    options.part_bytes = *part;
    options.duration = *duration;
    options.warm_up = *warm_up;
    options.mix = *mix;
    options.checksum = *model::parse_checksum_algorithm(raw.checksum);
    if (raw.payload == "unsigned") options.payload = Payload::unsigned_;
    if (raw.payload == "trailer") options.payload = Payload::trailer;
    if (options.prefix.empty() ||
        options.prefix.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
        return "--prefix: letters, digits and -";
    if (options.plain && options.command != Command::get && options.command != Command::head)
        return "--plain: only with get and head";
    options.anonymous = options.anonymous || options.plain;
    if (!options.anonymous && (options.access_key.empty() || options.secret_key.empty()))
        return "--access-key and --secret-key, or HOLDFAST_ROOT_ACCESS_KEY and "
               "HOLDFAST_ROOT_SECRET_KEY, are needed";
    return {};
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    constexpr std::array<Unit, 5> units{
        {{"", 1}, {"B", 1}, {"KiB", base::KiB}, {"MiB", base::MiB}, {"GiB", base::GiB}}};
    return parse_with_unit(text, units);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr std::array<Unit, 3> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}}};
    const auto milliseconds = parse_with_unit(text, units);
    if (!milliseconds || *milliseconds > 86'400'000) return {};
    return std::chrono::milliseconds(*milliseconds);
}

std::optional<Mix> parse_mix(std::string_view text) {
    Mix mix;
    const std::array<std::pair<std::string_view, unsigned*>, 5> shares{{{"get", &mix.get},
                                                                        {"put", &mix.put},
                                                                        {"head", &mix.head},
                                                                        {"list", &mix.list},
                                                                        {"delete", &mix.remove}}};
    unsigned total = 0;
    for (const auto part : split(text, ',')) {
        const auto words = split(part, '=');
        unsigned* share = nullptr;
        for (const auto& [word, to] : shares)
            if (word == words[0]) share = to;
        const auto number = words.size() == 2 ? parse_bytes(words[1]) : std::nullopt;
        if (share == nullptr || !number || *number > 1'000'000) return {};
        *share = static_cast<unsigned>(*number);
        total += *share;
    }
    if (total == 0) return {};
    return mix;
}

base::Expected<Options, UsageError> parse_options(int argc, const char* const* argv) {
    CLI::App app("Measures an S3 server: signed requests over connections that stay open.",
                 "holdfast-bench");
    Options options;
    Raw raw;
    app.add_option("command", options.command_name,
                   "put, get, head, list, delete, mixed or multipart")
        ->required();
    declare(app, options, raw);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return UsageError{app.help(), 0};
        return UsageError{std::string(error.what()) + '\n'};
    }
    const auto command = command_named(options.command_name);
    if (!command) return UsageError{options.command_name + ": no such command\n"};
    options.command = *command;
    if (const auto problem = check(raw, options); !problem.empty())
        return UsageError{problem + '\n'};
    return options;
}

}  // namespace holdfast::bench
