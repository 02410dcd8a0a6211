#include "server/options.h"

#include "tests/catch.h"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

config::Settings with(std::vector<std::string> assignments) {
    const auto settings = config::load({"", {}, std::move(assignments)});
    REQUIRE(settings);
    return *settings;
}

}  // namespace

TEST_CASE("options: the limits of the default settings are those of the listener", "[server]") {
    const http::Limits defaults;
    const auto limits = server::s3_server_options(with({}), 4, 1'000'000).limits;
    CHECK(limits.request_line_bytes_max == defaults.request_line_bytes_max);
    CHECK(limits.header_section_bytes_max == defaults.header_section_bytes_max);
    CHECK(limits.header_count_max == defaults.header_count_max);
    CHECK(limits.header_timeout == defaults.header_timeout);
    CHECK(limits.idle_timeout == defaults.idle_timeout);
    CHECK(limits.tls_handshake_timeout == defaults.tls_handshake_timeout);
    CHECK(limits.body_rate_bytes_per_second_min == defaults.body_rate_bytes_per_second_min);
    CHECK(limits.body_rate_window == defaults.body_rate_window);
    CHECK(limits.connections_max == defaults.connections_max);
    CHECK(limits.connections_per_address_max == defaults.connections_per_address_max);
    CHECK(limits.running_requests_max == defaults.running_requests_max);
    CHECK(limits.queued_requests_max == defaults.queued_requests_max);
    CHECK(limits.queue_timeout == defaults.queue_timeout);
}

TEST_CASE("options: one loop for each core, unless the settings say how many", "[server]") {
    CHECK(server::s3_server_options(with({}), 4, 1000).loops == 4);
    CHECK(server::s3_server_options(with({}), 0, 1000).loops == 1);
    CHECK(server::s3_server_options(with({"server.threads=2"}), 4, 1000).loops == 2);
}

TEST_CASE("options: connections get at most 80 % of the open files", "[server]") {
    CHECK(server::s3_server_options(with({}), 1, 1000).limits.connections_max == 800);
    CHECK(server::s3_server_options(with({"limits.connections_max=100"}), 1, 1000)
              .limits.connections_max == 100);
}

TEST_CASE("options: TLS when there is a certificate, on the S3 listener only", "[server]") {
    CHECK_FALSE(server::s3_listen_options(with({})).tls);
    const auto settings = with({"tls.certificate=a.pem", "tls.key=b.pem"});
    const auto listen = server::s3_listen_options(settings);
    REQUIRE(listen.tls);
    CHECK(listen.tls->certificate == "a.pem");
    CHECK(listen.tls->key == "b.pem");
    CHECK(listen.limited);
    CHECK_FALSE(server::admin_listen_options(settings).tls);
    CHECK_FALSE(server::admin_listen_options(settings).limited);
}

TEST_CASE("options: metrics are open only on a loopback address (S-11)", "[server]") {
    for (const char* address : {"127.0.0.1", "127.1.2.3", "::1"})
        CHECK(server::admin_options(with({std::string("admin.address=") + address}))
                  .bound_to_loopback);
    for (const char* address : {"0.0.0.0", "::", "10.0.0.1"})
        CHECK_FALSE(server::admin_options(with({std::string("admin.address=") + address}))
                        .bound_to_loopback);
}

TEST_CASE("options: the engine's, as the settings say", "[server]") {
    using storage::local::Durability;
    CHECK(server::engine_options(with({}), {}).durability == Durability::strict);
    const auto settings = with({"storage.directory=/d", "storage.durability=batched",
                                "storage.segment_bytes=2GiB", "storage.free_bytes_min=3GiB",
                                "storage.cache_bytes=5MiB", "storage.memtable_bytes=7MiB",
                                "storage.commit_queue_max=11", "storage.unsynced_bytes_max=5MiB"});
    const auto options = server::engine_options(settings, server::split_memory(settings, 1 << 30));
    CHECK(options.directory == "/d");
    CHECK(options.durability == Durability::batched);
    CHECK(options.segment_bytes == 2ULL << 30);
    CHECK(options.free_space_reserve_bytes == 3ULL << 30);
    CHECK(options.block_cache_bytes == 5ULL << 20);
    CHECK(options.memtable_bytes == 7ULL << 20);
    CHECK(options.commit_queue_max == 11);
    CHECK(options.unsynced_bytes_max == 5ULL << 20);
}

TEST_CASE("options: uploads never take the room that deletions need (durability 2.5)", "[server]") {
    const auto settings = with({"storage.free_bytes_min=1"});
    const auto options = server::engine_options(settings, {});
    CHECK(options.ballast_bytes == 64ULL << 20);
    CHECK(options.free_space_reserve_bytes == 96ULL << 20);
}

TEST_CASE("options: what S3 and the verifier are told", "[server]") {
    const auto settings =
        with({"server.region=eu-test-1", "server.domains=s3.example", "log.level=debug",
              "multipart.duplicate_parts=reject", "multipart.completion_memory=1h",
              "auth.ignore_unsigned_headers=x-amz-cf-id", "auth.require_tls_for_unsigned=true"});
    const auto s3 = server::s3_options(settings, {"123456789012", "aa", "root"});
    CHECK(s3.region == "eu-test-1");
    CHECK(s3.domains == std::vector<std::string>{"s3.example"});
    CHECK(s3.root.account_id == "123456789012");
    CHECK_FALSE(s3.duplicate_parts_last_wins);
    CHECK(s3.completion_memory == 1h);
    CHECK(s3.object_bytes_max == 50'000ULL << 30);
    CHECK(s3.header_section_bytes_max == settings.limits_header_section_bytes_max);
    const auto verifier = server::verifier_options(settings);
    CHECK(verifier.region == "eu-test-1");
    CHECK(verifier.require_tls_for_unsigned);
    CHECK(verifier.ignore_unsigned_headers == std::vector<std::string>{"x-amz-cf-id"});
    CHECK(server::log_options(settings).level == base::log::Level::debug);
}
