// The three places that settings come from: what is accepted is shown so that it loads as the same,
// from a file, from the environment and from flags alike; what is not is told in one line.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "config/settings.h"
#include "config/settings_table.h"
#include "config/values.h"
#include "model/names.h"

using namespace holdfast;
using namespace holdfast::config;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

/// A file that is on no disk.
const std::string& path() {
    static const std::string text = "/proc/self/fd/" + std::to_string(::memfd_create("toml", 0));
    return text;
}

void write_file(std::string_view text) {
    std::ofstream file(path(), std::ios::binary | std::ios::trunc);
    file << text;
    require(file.good());
}

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// As a person writes it after the "=" of a flag.
std::string flag_text(const Row& row, const Settings& settings) {
    return std::visit(
        Overloaded{
            [&](std::string Settings::*member) { return settings.*member; },
            [&](base::Secret Settings::*member) {
                return std::string((settings.*member).reveal());
            },
            [&](bool Settings::*member) {
                return std::string(settings.*member ? "true" : "false");
            },
            [&](std::uint16_t Settings::*member) { return std::to_string(settings.*member); },
            [&](std::uint32_t Settings::*member) { return std::to_string(settings.*member); },
            [&](std::uint64_t Settings::*member) { return std::to_string(settings.*member); },
            [&](std::chrono::milliseconds Settings::*member) {
                return std::to_string((settings.*member).count()) + "ms";
            },
            [&](std::vector<std::string> Settings::*member) {
                std::string list;
                for (const auto& item : settings.*member)
                    list.append(list.empty() ? "" : " , ").append(item);
                return list;
            }},
        row.member);
}

void require_same(const Result<Settings>& loaded, const Settings& settings) {
    require(loaded.has_value() && show(*loaded) == show(settings));
    for (const auto& row : settings_table())
        require(flag_text(row, *loaded) == flag_text(row, settings));
}

void check_again(const Settings& settings) {
    Sources file;
    file.file = path();
    Sources environment;
    Sources flags;
    for (const auto& row : settings_table()) {
        const auto text = flag_text(row, settings);
        const auto flag = std::string(row.name) + "=" + text;
        if (is_secret(row)) file.assignments.push_back(flag);  // not shown
        environment.environment[environment_name(row)] = text;
        flags.assignments.push_back(flag);
    }
    require_same(load(environment), settings);
    require_same(load(flags), settings);
    // A path may be any bytes, TOML is UTF-8.
    if (!model::is_utf8(show(settings))) return;
    write_file(show(settings));
    require_same(load(file), settings);
}

/// One line, and nothing that somebody meant to be a secret.
void check_message(const std::string& message) {
    require(!message.empty());
    for (const char c : message) require(c < 0 || (c >= ' ' && c != 0x7f));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = base::as_text(base::ByteView(data, size));
    const auto next = [&rest] {
        const auto piece = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
        return piece;
    };
    Sources sources;
    sources.file = path();
    write_file(next());
    while (!rest.empty()) {
        const auto piece = next();
        const auto equals = std::min(piece.find('='), piece.size());
        if (piece.starts_with("HOLDFAST_"))
            sources.environment[std::string(piece.substr(0, equals))] =
                piece.substr(std::min(equals + 1, piece.size()));
        else
            sources.assignments.emplace_back(piece);
    }
    const auto settings = load(sources);
    if (settings)
        check_again(*settings);
    else
        check_message(settings.error().message);
    return 0;
}
