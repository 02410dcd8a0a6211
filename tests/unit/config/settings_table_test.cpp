#include "config/settings_table.h"

#include <map>
#include <set>

#include "base/limits.h"
#include "tests/catch.h"

using namespace holdfast::config;

namespace {

Result<Settings> with(std::string_view name, const std::string& value) {
    Sources sources;
    sources.assignments.push_back(std::string(name) + '=' + value);
    return load(sources);
}

bool allowed(std::string_view name, const std::string& value) {
    // The other half of a pair, so that only the value itself is judged.
    static const std::map<std::string_view, std::string> partners = {
        {"tls.certificate", "tls.key=key.pem"},
        {"tls.key", "tls.certificate=certificate.pem"},
        {"root.access_key", "root.secret_key=a-long-enough-secret"},
        {"root.secret_key", "root.access_key=AKIAEXAMPLE"}};
    Sources sources;
    sources.assignments.push_back(std::string(name) + '=' + value);
    const auto partner = partners.find(name);
    if (partner != partners.end() && !value.empty()) sources.assignments.push_back(partner->second);
    return load(sources).has_value();
}

struct Expected {
    std::string_view name;
    std::string default_toml;           ///< as `config show` says it
    std::vector<std::string> accepted;  ///< with both ends of a range
    std::vector<std::string> refused;
};

const std::string any_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::vector<std::string> bad_numbers = {"", "-1", "x", "1.5"};
const std::vector<std::string> bad_durations = {"", "10", "-1s", "1.5s", "10x"};

const std::vector<Expected>& expected_rows() {
    // One row for each setting.
    static const std::vector<Expected> rows = {
        {"server.address",
         "\"127.0.0.1\"",
         {"0.0.0.0", "::", "::1", "10.1.2.3"},
         {"", "localhost", "1.2.3", "127.0.0.1:9000", "::g"}},
        {"server.port", "9000", {"0", "1", "65535"}, {"65536", "-1", "", "http", "80.0"}},
        {"server.threads", "0", {"0", "1024"}, {"1025", "", "two"}},
        {"server.domains",
         "[]",
         {"", "s3.example.org", "a.b,c-d.e"},
         {"S3.example.org", "a..b", "-a.b", "a-.b", "a_b", "a,", std::string(64, 'a')}},
        {"server.name",
         "\"Holdfast\"",
         {"A", "Two words", std::string(64, 'a')},
         {"", " a", "a ", "a\nb", "ä", std::string(65, 'a')}},
        {"server.region",
         "\"us-east-1\"",
         {"eu-central-2", "a", std::string(64, 'a')},
         {"", "EU", "a_b", "a b", std::string(65, 'a')}},
        {"tls.certificate", "\"\"", {"", "/etc/tls/chain.pem"}, {"a\nb"}},
        {"tls.key", "\"\"", {"", "/etc/tls/key.pem"}, {"a\x7f"}},
        {"admin.address", "\"127.0.0.1\"", {"0.0.0.0", "::1"}, {"", "localhost"}},
        {"admin.port", "9001", {"0", "65535"}, {"65536", ""}},
        {"admin.metrics_token",
         "",
         {"", "0123456789abcdef", std::string(128, 'a')},
         {"0123456789abcde", "0123456789abcde ", std::string(129, 'a')}},
        {"admin.token",
         "",
         {"", "0123456789abcdef", std::string(128, 'a')},
         {"0123456789abcde", "0123456789abcde ", std::string(129, 'a')}},
        {"gc.interval", "\"24h\"", {"0s", "1s", "8760h"}, {"8761h", "-1s", "0"}},
        {"gc.quarantine", "\"24h\"", {"0s", "1s", "8760h"}, {"8761h", ""}},
        {"gc.bytes_per_second_max", "\"64MiB\"", {"1MiB", "1TiB"}, {"0", "2TiB"}},
        {"scrub.interval", "\"336h\"", {"0s", "1s", "8760h"}, {"8761h", ""}},
        {"scrub.bytes_per_second_max", "\"20MiB\"", {"1MiB", "1TiB"}, {"0", "2TiB"}},
        {"storage.engine", "\"local\"", {"local", "memory"}, {"", "Local", "rados"}},
        {"storage.directory", "\"./data\"", {"/srv/holdfast", "."}, {"", "a\tb"}},
        {"storage.durability", "\"strict\"", {"strict", "batched", "relaxed"}, {"", "none"}},
        {"storage.inline_bytes_max", "\"16KiB\"", {"0", "64KiB"}, {"65537", "65KiB", ""}},
        {"storage.segment_bytes", "\"1GiB\"", {"128MiB", "1TiB"}, {"134217727", "1025GiB"}},
        {"storage.free_bytes_min", "\"0\"", {"0", "5GiB", "16TiB"}, {"17TiB", "2%"}},
        {"storage.unsynced_bytes_max", "\"256MiB\"", {"1MiB", "1TiB"}, {"1048575", "1025GiB"}},
        {"storage.commit_queue_max", "4096", {"1", "1000000"}, {"0", "1000001"}},
        {"storage.threads", "8", {"1", "1024"}, {"0", "1025"}},
        {"storage.read_only", "false", {"true", "false"}, {"", "yes"}},
        {"storage.unclean_starts_max", "5", {"0", "16"}, {"17", ""}},
        {"storage.cache_bytes", "\"0\"", {"0", "1MiB", "16TiB"}, {"17TiB", ""}},
        {"storage.memtable_bytes", "\"0\"", {"0", "1MiB", "16GiB"}, {"17GiB", ""}},
        {"mem.limit", "\"0\"", {"0", "1GiB", "16TiB"}, {"17TiB", ""}},
        {"encryption.keyring_file", "\"\"", {"", "/secure/keyring"}, {"a\nb"}},
        {"encryption.master_key", "", {"", any_key}, {"AAAA", any_key + "AAAA", "not base64"}},
        {"root.access_key",
         "\"\"",
         {"", "abc", "AKIA_x.y-z", std::string(128, 'a')},
         {"ab", "a b c", "a/b/c", std::string(129, 'a')}},
        {"root.secret_key",
         "",
         {"", "8letters", std::string(128, '/')},
         {"7letter", "with space", "minioadmin", "rustfsadmin", std::string(129, 'a')}},
        {"auth.require_tls_for_unsigned", "false", {"true", "false"}, {"", "yes", "1", "True"}},
        {"auth.ignore_unsigned_headers",
         "[]",
         {"", "x-amz-cf-id", "x-amz-a, x-amz-b"},
         {"X-Amz-Cf-Id", "a b", "a:b", "a,"}},
        {"multipart.duplicate_parts", "\"last\"", {"last", "reject"}, {"", "first"}},
        {"multipart.completion_memory", "\"24h\"", {"1s", "365d"}, {"999ms", "366d", "24"}},
        {"limits.connections_max", "20000", {"1", "1000000"}, {"0", "1000001"}},
        {"limits.connections_per_address_max", "1024", {"1", "1000000"}, {"0", "1000001"}},
        {"limits.running_requests_max", "256", {"1", "100000"}, {"0", "100001"}},
        {"limits.queued_requests_max", "1024", {"0", "1000000"}, {"1000001"}},
        {"limits.queue_timeout", "\"2s\"", {"1ms", "1h"}, {"0s", "61m"}},
        {"limits.request_line_bytes_max", "\"16KiB\"", {"4KiB", "1MiB"}, {"4095", "2MiB"}},
        {"limits.header_section_bytes_max", "\"8KiB\"", {"4KiB", "1MiB"}, {"4095", "2MiB"}},
        {"limits.header_count_max", "128", {"16", "10000"}, {"15", "10001"}},
        {"limits.header_timeout", "\"10s\"", {"1ms", "1h"}, {"0s", "61m"}},
        {"limits.idle_timeout", "\"1m\"", {"1ms", "24h"}, {"0s", "25h"}},
        {"limits.tls_handshake_timeout", "\"10s\"", {"1ms", "1h"}, {"0s", "61m"}},
        {"limits.body_bytes_per_second_min", "\"1KiB\"", {"0", "1GiB"}, {"2GiB"}},
        {"limits.body_rate_window", "\"30s\"", {"1s", "1h"}, {"999ms", "61m"}},
        {"limits.drain_delay", "\"0s\"", {"0s", "1h"}, {"61m"}},
        {"limits.drain_timeout", "\"30s\"", {"0s", "24h"}, {"25h"}},
        {"limits.list_time_slice", "\"200ms\"", {"1ms", "1h"}, {"0s", "61m"}},
        {"limits.object_bytes_max", "\"50000GiB\"", {"1", "50000GiB"}, {"0", "50001GiB"}},
        {"log.level", "\"info\"", {"debug", "info", "warning", "error"}, {"", "trace", "INFO"}},
        {"log.format", "\"auto\"", {"auto", "human", "json"}, {"", "text"}},
        {"log.file", "\"\"", {"", "/var/log/holdfast.log"}, {"a\nb"}},
    };
    return rows;
}

}  // namespace

TEST_CASE("the table: every setting is tested here, under a name of its own", "[config]") {
    std::vector<std::string_view> in_table;
    for (const Row& row : settings_table()) in_table.push_back(row.name);
    std::vector<std::string_view> tested;
    for (const Expected& row : expected_rows()) tested.push_back(row.name);
    CHECK(tested == in_table);
    CHECK(std::set(in_table.begin(), in_table.end()).size() == in_table.size());
}

TEST_CASE("every setting has the default that the documentation promises", "[config]") {
    const auto settings = load({});
    REQUIRE(settings);
    for (const Expected& expected : expected_rows()) {
        INFO(expected.name);
        const Row* row = find_row(expected.name);
        REQUIRE(row != nullptr);
        if (is_secret(*row))
            CHECK(((*settings).*std::get<holdfast::base::Secret Settings::*>(row->member)).empty());
        else
            CHECK(toml_value(*row, *settings) == expected.default_toml);
    }
}

TEST_CASE("every setting takes what is allowed, both ends of a range included", "[config]") {
    for (const Expected& expected : expected_rows())
        for (const std::string& value : expected.accepted) {
            INFO(expected.name << " = " << value);
            CHECK(allowed(expected.name, value));
        }
}

TEST_CASE("every setting refuses what is not allowed, naming itself and what is", "[config]") {
    for (const Expected& expected : expected_rows())
        for (const std::string& value : expected.refused) {
            INFO(expected.name << " = " << value);
            CHECK_FALSE(allowed(expected.name, value));
            const auto settings = with(expected.name, value);
            REQUIRE_FALSE(settings);
            const std::string& message = settings.error().message;
            CHECK_THAT(message, Catch::StartsWith(std::string(expected.name) + ": "));
            CHECK_THAT(message, Catch::Contains(allowed_text(*find_row(expected.name))));
            CHECK(message.find('\n') == std::string::npos);
        }
}

TEST_CASE("numbers, bytes and durations refuse other texts", "[config]") {
    for (const Row& row : settings_table()) {
        if (!std::holds_alternative<Range>(row.constraint)) continue;
        const bool duration =
            std::holds_alternative<std::chrono::milliseconds Settings::*>(row.member);
        for (const std::string& text : duration ? bad_durations : bad_numbers) {
            INFO(row.name << " = " << text);
            CHECK_FALSE(allowed(row.name, text));
        }
    }
}

TEST_CASE("the largest allowed number fits the member it goes to", "[config]") {
    for (const Row& row : settings_table()) {
        const auto* range = std::get_if<Range>(&row.constraint);
        if (range == nullptr) continue;
        INFO(row.name);
        CHECK(range->min <= range->max);
        if (std::holds_alternative<std::uint16_t Settings::*>(row.member))
            CHECK(range->max <= 65'535);
        if (std::holds_alternative<std::uint32_t Settings::*>(row.member))
            CHECK(range->max <= 4'294'967'295);
    }
}

TEST_CASE("the rows of a section stand together, and have a section and help", "[config]") {
    std::set<std::string_view> ended;
    std::string_view section;
    for (const Row& row : settings_table()) {
        INFO(row.name);
        CHECK_FALSE(key_of(row).empty());
        CHECK_FALSE(row.help.empty());
        // Taken by what container platforms say about a service called "holdfast".
        CHECK(section_of(row) != "service");
        CHECK(section_of(row) != "port");
        if (section_of(row) == section) continue;
        ended.insert(section);
        section = section_of(row);
        CHECK(ended.count(section) == 0);
    }
}

TEST_CASE("a setting's environment variable is its name in capitals", "[config]") {
    CHECK(environment_name(*find_row("root.access_key")) == "HOLDFAST_ROOT_ACCESS_KEY");
    CHECK(environment_name(*find_row("root.secret_key")) == "HOLDFAST_ROOT_SECRET_KEY");
    CHECK(environment_name(*find_row("limits.queue_timeout")) == "HOLDFAST_LIMITS_QUEUE_TIMEOUT");
}

TEST_CASE("a value that is not allowed leaves the settings as they were", "[config]") {
    Settings settings = *load({});
    CHECK_FALSE(assign(*find_row("server.port"), std::string("65536"), settings));
    CHECK(settings.server_port == 9000);
    CHECK_FALSE(
        assign(*find_row("server.domains"), std::vector<std::string>{"a.b", "A"}, settings));
    CHECK(settings.server_domains.empty());
}
