#include "config/settings.h"

#include "tests/catch.h"
#include "tests/unit/config/temporary_file.h"

using namespace holdfast::config;
using holdfast::tests::TemporaryFile;
using namespace std::chrono_literals;

namespace {

std::string error_of(const Sources& sources) {
    const auto settings = load(sources);
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message.find('\n') == std::string::npos);
    return settings.error().message;
}

std::string file_error(std::string_view content) {
    const TemporaryFile file(content);
    std::string message = error_of({file.path(), {}, {}});
    // The path is a temporary one; what matters is where it stands.
    const auto at = message.find(file.path());
    REQUIRE(at != std::string::npos);
    return message.replace(at, file.path().size(), "FILE");
}

}  // namespace

TEST_CASE("load: an empty configuration is a working one", "[config]") {
    const auto settings = load({});
    REQUIRE(settings);
    CHECK(settings->server_address == "127.0.0.1");
    CHECK(settings->server_port == 9000);
    CHECK(settings->admin_port == 9001);
    CHECK(settings->storage_directory == "./data");
    CHECK(settings->storage_durability == "strict");
    CHECK(settings->multipart_completion_memory == 24h);
    CHECK(settings->limits_drain_timeout == 30s);
}

TEST_CASE("load: the environment overrules the file, flags overrule both", "[config]") {
    const TemporaryFile file("[server]\nport = 1\nregion = \"from-file\"\nname = \"file\"\n");
    Sources sources{file.path(), {}, {}};
    CHECK(load(sources)->server_port == 1);
    sources.environment = {{"HOLDFAST_SERVER_PORT", "2"}, {"HOLDFAST_SERVER_REGION", "from-env"}};
    CHECK(load(sources)->server_port == 2);
    sources.assignments = {"server.port=3"};
    const auto settings = load(sources);
    REQUIRE(settings);
    CHECK(settings->server_port == 3);
    CHECK(settings->server_region == "from-env");
    CHECK(settings->server_name == "file");
}

TEST_CASE("load: of two flags for one setting the last one counts", "[config]") {
    CHECK(load({"", {}, {"server.port=1", "server.port=2"}})->server_port == 2);
}

TEST_CASE("load: a flag's value may hold an equals sign", "[config]") {
    CHECK(load({"", {}, {"storage.directory=/a=b"}})->storage_directory == "/a=b");
}

TEST_CASE("load: the root account's keys come from the environment", "[config]") {
    const auto settings = load({"",
                                {{"HOLDFAST_ROOT_ACCESS_KEY", "AKIAEXAMPLE"},
                                 {"HOLDFAST_ROOT_SECRET_KEY", "a-long-enough-secret"}},
                                {}});
    REQUIRE(settings);
    CHECK(settings->root_access_key == "AKIAEXAMPLE");
    CHECK(settings->root_secret_key.reveal() == "a-long-enough-secret");
}

TEST_CASE("load: variables of other programs, failpoints and tests are no settings", "[config]") {
    CHECK(load(
        {"",
         {{"PATH", "/bin"}, {"HOLDFAST_FAILPOINTS", "accept=eio"}, {"HOLDFAST_TEST_SEED", "1"}},
         {}}));
}

TEST_CASE("load: what Kubernetes says about a service called holdfast is no setting", "[config]") {
    CHECK(load({"",
                {{"HOLDFAST_SERVICE_HOST", "10.0.0.1"},
                 {"HOLDFAST_SERVICE_PORT", "9000"},
                 {"HOLDFAST_PORT", "tcp://10.0.0.1:9000"},
                 {"HOLDFAST_PORT_9000_TCP_ADDR", "10.0.0.1"}},
                {}}));
}

TEST_CASE("load: a file's tables, lists, numbers and truth values become settings", "[config]") {
    const TemporaryFile file(
        "server.domains = [\"a.example\", \"b.example\"]\n"
        "[auth]\nrequire_tls_for_unsigned = true\n"
        "[limits]\nqueue_timeout = \"250ms\"\nobject_bytes_max = 1000\n");
    const auto settings = load({file.path(), {}, {}});
    REQUIRE(settings);
    CHECK(settings->server_domains == std::vector<std::string>{"a.example", "b.example"});
    CHECK(settings->auth_require_tls_for_unsigned);
    CHECK(settings->limits_queue_timeout == 250ms);
    CHECK(settings->limits_object_bytes_max == 1000);
}

TEST_CASE("load: an unknown name is refused with the nearest one", "[config]") {
    CHECK(error_of({"", {}, {"server.prot=1"}}) ==
          "server.prot: unknown setting in --set (did you mean server.port?)");
    CHECK(error_of({"", {{"HOLDFAST_SERVER_PROT", "1"}}, {}}) ==
          "HOLDFAST_SERVER_PROT: unknown setting in the environment "
          "(did you mean HOLDFAST_SERVER_PORT?)");
    CHECK(error_of({"", {}, {"colour.of_the_sky=blue"}}) ==
          "colour.of_the_sky: unknown setting in --set");
    CHECK(file_error("[server]\nport = 1\nprot = 2\n") ==
          "server.prot: unknown setting in FILE line 3 (did you mean server.port?)");
}

TEST_CASE("load: a value that is not allowed is named with its source", "[config]") {
    CHECK(error_of({"", {}, {"server.port=70000"}}) ==
          "server.port: \"70000\" from --set is not allowed; allowed: 0 to 65535");
    CHECK(error_of({"", {{"HOLDFAST_LOG_LEVEL", "loud"}}, {}}) ==
          "log.level: \"loud\" from environment HOLDFAST_LOG_LEVEL is not allowed; allowed: "
          "debug, info, warning or error");
    CHECK(file_error("[limits]\n\nqueue_timeout = 2\n") ==
          "limits.queue_timeout: \"2\" from FILE line 3 is not allowed; allowed: a duration like "
          "500ms, 30s or 24h, from 1ms to 1h");
    CHECK(file_error("[server]\nport = [1, 2]\n") ==
          "server.port: [\"1\", \"2\"] from FILE line 2 is not allowed; allowed: 0 to 65535");
}

TEST_CASE("load: what no setting can be is refused with its line", "[config]") {
    CHECK_THAT(file_error("[server]\nport = 1.5\n"),
               Catch::StartsWith("server.port: the value in FILE line 2 is of a kind"));
    CHECK_THAT(file_error("[server]\nport = 2020-01-01\n"),
               Catch::StartsWith("server.port: the value in FILE line 2 is of a kind"));
}

TEST_CASE("load: what is no TOML is refused with its line", "[config]") {
    CHECK_THAT(file_error("[server]\nport = 1\nport = = 2\n"),
               Catch::StartsWith("settings file: FILE line 3: "));
    CHECK_THAT(file_error("[server\n"), Catch::StartsWith("settings file: FILE line 1: "));
}

TEST_CASE("load: a file that is not there is refused by its path", "[config]") {
    CHECK(error_of({"/nowhere/holdfast.toml", {}, {}}) ==
          "settings file: open /nowhere/holdfast.toml: No such file or directory");
}

TEST_CASE("load: a flag without an equals sign says what it should be", "[config]") {
    CHECK(error_of({"", {}, {"server.port"}}) == "--set server.port: allowed: section.key=value");
}

TEST_CASE("load: a secret that is refused is not shown", "[config]") {
    const std::string message = error_of({"", {}, {"root.secret_key=5ecret!"}});
    CHECK(message.find("5ecret") == std::string::npos);
    CHECK_THAT(message, Catch::StartsWith("root.secret_key: the value (hidden) from --set"));
}

TEST_CASE("load: control characters of a value do not reach the message", "[config]") {
    CHECK(error_of({"", {}, {"log.level=a\x1b[31m\nb"}}).find('\x1b') == std::string::npos);
}

TEST_CASE("load: settings that only work together are both or none", "[config]") {
    CHECK(error_of({"", {}, {"tls.certificate=a.pem"}}) ==
          "tls.key: not set although tls.certificate is; allowed: both or none");
    CHECK(error_of({"", {}, {"tls.key=a.pem"}}) ==
          "tls.certificate: not set although tls.key is; allowed: both or none");
    CHECK(error_of({"", {}, {"root.access_key=AKIA"}}) ==
          "root.secret_key: not set although root.access_key is; allowed: both or none");
    CHECK(error_of({"", {}, {"root.secret_key=a-long-enough-secret"}}) ==
          "root.access_key: not set although root.secret_key is; allowed: both or none");
}

TEST_CASE("load: a keyring file and a master key exclude each other", "[config]") {
    CHECK_THAT(error_of({"",
                         {},
                         {"encryption.keyring_file=/k",
                          "encryption.master_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}),
               Catch::StartsWith("encryption.keyring_file: \"/k\" although"));
}

TEST_CASE("load: two listeners cannot share an address, unless any port will do", "[config]") {
    CHECK(error_of({"", {}, {"admin.port=9000"}}) ==
          "admin.port: \"9000\" is server.port too; allowed: another port or address");
    CHECK(load({"", {}, {"admin.port=9000", "admin.address=127.0.0.2"}}));
    CHECK(load({"", {}, {"admin.port=0", "server.port=0"}}));
}

TEST_CASE("load: metadata's memory leaves room below a limit that is set", "[config]") {
    CHECK(error_of({"",
                    {},
                    {"mem.limit=1000MiB", "storage.cache_bytes=500MiB",
                     "storage.memtable_bytes=101MiB"}}) ==
          "storage.cache_bytes: together with storage.memtable_bytes 630194176 bytes, mem.limit is "
          "1048576000; allowed: 60 % of it, 629145600 bytes");
    CHECK(load(
        {"",
         {},
         {"mem.limit=1000MiB", "storage.cache_bytes=500MiB", "storage.memtable_bytes=100MiB"}}));
    CHECK(load({"", {}, {"storage.cache_bytes=1TiB"}}));
    CHECK(load({"", {}, {"mem.limit=1", "storage.cache_bytes=32MiB"}}));
    CHECK_FALSE(load({"", {}, {"mem.limit=1", "storage.cache_bytes=40MiB"}}));
}

TEST_CASE("load: 2.5 nothing is read-only in memory, and nobody is told it were", "[config]") {
    CHECK_THAT(error_of({"", {}, {"storage.engine=memory", "storage.read_only=true"}}),
               Catch::StartsWith("storage.read_only: \"true\" although storage.engine is memory"));
    CHECK(load({"", {}, {"storage.engine=local", "storage.read_only=true"}}));
}
