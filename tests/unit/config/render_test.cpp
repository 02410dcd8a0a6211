#include <fstream>
#include <sstream>

#include "config/settings.h"
#include "config/settings_table.h"
#include "tests/catch.h"
#include "tests/unit/config/temporary_file.h"

using namespace holdfast::config;
using holdfast::tests::TemporaryFile;

namespace {

Settings from_text(const std::string& text) {
    const TemporaryFile file(text);
    const auto settings = load({file.path(), {}, {}});
    REQUIRE(settings);
    return *settings;
}

std::string documentation_in_the_tree() {
    const std::ifstream file(HF_SOURCE_DIRECTORY "/docs/configuration.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("show: secrets are set or not set, never seen", "[config]") {
    const auto settings = load({"",
                                {},
                                {"root.access_key=AKIAEXAMPLE", "root.secret_key=very-5ecret-thing",
                                 "admin.metrics_token=0123456789abcdef"}});
    REQUIRE(settings);
    const std::string text = show(*settings);
    CHECK_THAT(text, Catch::Contains("# secret_key = (set)\n"));
    CHECK_THAT(text, Catch::Contains("# metrics_token = (set)\n"));
    CHECK_THAT(text, Catch::Contains("# master_key = (not set)\n"));
    CHECK_THAT(text, Catch::Contains("access_key = \"AKIAEXAMPLE\"\n"));
    CHECK(text.find("5ecret") == std::string::npos);
    CHECK(text.find("0123456789abcdef") == std::string::npos);
}

TEST_CASE("show: what is shown loads again as the same settings", "[config]") {
    const auto settings =
        load({"",
              {},
              {"server.domains=a.example,b.example", "server.name=A \"quoted\" \\ name",
               "limits.queue_timeout=1500ms", "storage.inline_bytes_max=1000",
               "auth.require_tls_for_unsigned=true"}});
    REQUIRE(settings);
    CHECK(show(from_text(show(*settings))) == show(*settings));
}

TEST_CASE("defaults_toml: a file of all settings that changes nothing", "[config]") {
    const std::string text = defaults_toml();
    CHECK(show(from_text(text)) == show(*load({})));
    for (const Row& row : settings_table())
        CHECK_THAT(text, Catch::Contains('\n' + std::string(is_secret(row) ? "# " : "") +
                                         std::string(key_of(row)) + " = "));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
}

TEST_CASE("documentation: every setting has its row", "[config]") {
    for (const Row& row : settings_table())
        CHECK_THAT(documentation(), Catch::Contains("| `" + std::string(row.name) + "` | "));
}

TEST_CASE("docs/configuration.md is what the table of settings says", "[config]") {
    INFO(
        "docs/configuration.md is generated; write it again with\n"
        "    build/dev/holdfast config docs > docs/configuration.md");
    CHECK(documentation_in_the_tree() == documentation());
}
