#include "server/options.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

#include "server/process_limits.h"

namespace holdfast::server {

namespace {

base::log::Level log_level(const std::string& word) {
    if (word == "debug") return base::log::Level::debug;
    if (word == "warning") return base::log::Level::warning;
    return word == "error" ? base::log::Level::error : base::log::Level::info;
}

base::log::Format log_format(const std::string& word) {
    if (word == "human") return base::log::Format::human;
    return word == "json" ? base::log::Format::json : base::log::Format::automatic;
}

constexpr std::uint64_t candidate_bytes = 200;
constexpr std::uint64_t ballast_bytes = 64 * base::MiB;
/// What uploads leave in any case: otherwise they would take the ballast that was given up so that
/// deletions have room.
constexpr std::uint64_t reserve_bytes_min = ballast_bytes + 32 * base::MiB;

storage::local::Durability durability(const std::string& word) {
    if (word == "batched") return storage::local::Durability::batched;
    return word == "relaxed" ? storage::local::Durability::relaxed
                             : storage::local::Durability::strict;
}

http::Limits limits(const config::Settings& settings) {
    http::Limits limits;
    limits.request_line_bytes_max = settings.limits_request_line_bytes_max;
    limits.header_section_bytes_max = settings.limits_header_section_bytes_max;
    limits.header_count_max = settings.limits_header_count_max;
    limits.header_timeout = settings.limits_header_timeout;
    limits.idle_timeout = settings.limits_idle_timeout;
    limits.tls_handshake_timeout = settings.limits_tls_handshake_timeout;
    limits.body_rate_bytes_per_second_min = settings.limits_body_bytes_per_second_min;
    limits.body_rate_window = settings.limits_body_rate_window;
    limits.connections_max = settings.limits_connections_max;
    limits.connections_per_address_max = settings.limits_connections_per_address_max;
    limits.running_requests_max = settings.limits_running_requests_max;
    limits.queued_requests_max = settings.limits_queued_requests_max;
    limits.queue_timeout = settings.limits_queue_timeout;
    return limits;
}

/// Its own bound, small: it shares the file descriptors with S3's connections.
constexpr std::size_t admin_connections_max = 128;

}  // namespace

base::log::Options log_options(const config::Settings& settings) {
    return {log_level(settings.log_level), log_format(settings.log_format), settings.log_file};
}

http::ServerOptions s3_server_options(const config::Settings& settings, std::size_t cores,
                                      std::size_t files_max) {
    http::ServerOptions options;
    options.loops =
        settings.server_threads != 0 ? settings.server_threads : std::max<std::size_t>(cores, 1);
    options.limits = limits(settings);
    options.limits.connections_max =
        std::min(options.limits.connections_max, share_descriptors(files_max).connections_max);
    options.server_name = settings.server_name;
    return options;
}

http::ListenOptions s3_listen_options(const config::Settings& settings) {
    http::ListenOptions options;
    options.address = settings.server_address;
    options.port = settings.server_port;
    if (!settings.tls_certificate.empty())
        options.tls = http::TlsFiles{settings.tls_certificate, settings.tls_key};
    return options;
}

http::ServerOptions admin_server_options(const config::Settings& settings) {
    http::ServerOptions options;
    options.loops = 1;
    options.limits.connections_max = admin_connections_max;
    options.server_name = settings.server_name;
    return options;
}

http::ListenOptions admin_listen_options(const config::Settings& settings) {
    http::ListenOptions options;
    options.address = settings.admin_address;
    options.port = settings.admin_port;
    options.limited = false;
    return options;
}

admin::Options admin_options(const config::Settings& settings) {
    // The settings accept nothing but addresses.
    const auto address = boost::asio::ip::make_address(settings.admin_address);
    return {address.is_loopback(), settings.admin_metrics_token};
}

std::uint64_t free_space_reserve_bytes(const config::Settings& settings) {
    if (settings.storage_free_bytes_min == 0) return 0;
    return std::max(settings.storage_free_bytes_min, reserve_bytes_min);
}

storage::local::EngineOptions engine_options(const config::Settings& settings,
                                             const MemorySplit& memory) {
    storage::local::EngineOptions options;
    options.directory = settings.storage_directory;
    options.durability = durability(settings.storage_durability);
    options.segment_bytes = settings.storage_segment_bytes;
    options.unsynced_bytes_max = settings.storage_unsynced_bytes_max;
    options.free_space_reserve_bytes = free_space_reserve_bytes(settings);
    options.block_cache_bytes = memory.block_cache_bytes;
    options.memtable_bytes = memory.memtable_bytes;
    options.commit_queue_max = settings.storage_commit_queue_max;
    options.ballast_bytes = ballast_bytes;
    options.read_only = settings.storage_read_only;
    options.unclean_starts_max = settings.storage_unclean_starts_max;
    return options;
}

BackgroundOptions background_options(const config::Settings& settings, const MemorySplit& memory) {
    BackgroundOptions options;
    options.reclaimer.completion_memory = settings.multipart_completion_memory;
    options.collector.interval = settings.gc_interval;
    options.collector.quarantine = settings.gc_quarantine;
    options.collector.bytes_per_second = settings.gc_bytes_per_second_max;
    // An eighth for candidates; but so many that the safety stop is never missed.
    const auto for_candidates = memory.collector_bytes / 8;
    options.collector.candidates_max =
        std::clamp<std::size_t>(for_candidates / candidate_bytes, 2000, 100'000);
    options.collector.filter_bytes_max = memory.collector_bytes - for_candidates;
    options.scrubber.interval = settings.scrub_interval;
    options.scrubber.bytes_per_second = settings.scrub_bytes_per_second_max;
    return options;
}

auth::VerifierOptions verifier_options(const config::Settings& settings) {
    return {settings.server_region, settings.auth_require_tls_for_unsigned,
            settings.auth_ignore_unsigned_headers};
}

s3::Options s3_options(const config::Settings& settings, auth::Account root) {
    s3::Options options;
    options.region = settings.server_region;
    options.domains = settings.server_domains;
    options.root = std::move(root);
    options.duplicate_parts_last_wins = settings.multipart_duplicate_parts == "last";
    options.completion_memory = settings.multipart_completion_memory;
    options.object_bytes_max = settings.limits_object_bytes_max;
    options.header_section_bytes_max = settings.limits_header_section_bytes_max;
    return options;
}

}  // namespace holdfast::server
