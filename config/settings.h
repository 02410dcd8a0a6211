/// Settings: one table of rows (name, type, default, allowed, help) from which parsing, checking,
/// `holdfast config defaults` and docs/configuration.md are derived. File, then environment
/// (HOLDFAST_SECTION_KEY), then flags (--set section.key=value), in rising order. Validated once,
/// then immutable. threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::config {

/// A smaller mem.limit is taken for this: below it nothing can be served at all.
inline constexpr std::uint64_t mem_limit_bytes_min = std::uint64_t{64} << 20;

struct Settings {
    // [server]
    std::string server_address;               ///< server.address, "127.0.0.1"
    std::uint16_t server_port = 9000;         ///< server.port
    std::uint32_t server_threads = 0;         ///< server.threads, 0 = one for each core
    std::vector<std::string> server_domains;  ///< server.domains: hosts for virtual-hosted buckets
    std::string server_name;                  ///< server.name, "Holdfast"
    std::string server_region;                ///< server.region, "us-east-1"
    std::string tls_certificate;              ///< tls.certificate (both or none)
    std::string tls_key;                      ///< tls.key
    // [admin]
    std::string admin_address;         ///< admin.address, "127.0.0.1"
    std::uint16_t admin_port = 9001;   ///< admin.port
    base::Secret admin_metrics_token;  ///< admin.metrics_token, empty = metrics on loopback only
    base::Secret admin_token;          ///< admin.token, empty = the data directory's admin-token
    // [gc]
    std::chrono::milliseconds gc_interval{};    ///< gc.interval, 24h; 0 = only when asked for
    std::chrono::milliseconds gc_quarantine{};  ///< gc.quarantine, 24h
    std::uint64_t gc_bytes_per_second_max = 0;  ///< gc.bytes_per_second_max, 64 MiB
    // [scrub]
    std::chrono::milliseconds scrub_interval{};    ///< scrub.interval, 14 days; 0 = when asked for
    std::uint64_t scrub_bytes_per_second_max = 0;  ///< scrub.bytes_per_second_max, 20 MiB
    // [storage]
    std::string storage_engine;                      ///< storage.engine, "local" or "memory"
    std::string storage_directory;                   ///< storage.directory, "./data"
    std::string storage_durability;                  ///< storage.durability, "strict"
    std::uint64_t storage_inline_bytes_max = 16384;  ///< storage.inline_bytes_max, 0 to 65536
    std::uint64_t storage_segment_bytes = 0;         ///< storage.segment_bytes, 1 GiB
    std::uint64_t storage_free_bytes_min = 0;      ///< storage.free_bytes_min, 0 = max(1 GiB, 2 %)
    std::uint64_t storage_unsynced_bytes_max = 0;  ///< storage.unsynced_bytes_max, 256 MiB
    std::uint32_t storage_commit_queue_max = 0;    ///< storage.commit_queue_max, 4096
    std::uint32_t storage_threads = 0;             ///< storage.threads: blocking pool, 8
    bool storage_read_only = false;                ///< storage.read_only
    std::uint32_t storage_unclean_starts_max = 0;  ///< storage.unclean_starts_max, 5
    std::uint64_t storage_cache_bytes = 0;         ///< storage.cache_bytes: RocksDB block cache
    std::uint64_t storage_memtable_bytes = 0;      ///< storage.memtable_bytes
    // [mem]
    std::uint64_t mem_limit_bytes = 0;  ///< mem.limit, 0 = 60 % of what there is
    // [encryption]
    std::string
        encryption_keyring_file;         ///< encryption.keyring_file, empty = in the data directory
    base::Secret encryption_master_key;  ///< encryption.master_key: base64 of 32 bytes, or empty
    // [root]
    std::string root_access_key;   ///< root.access_key; both or none, none = generated
    base::Secret root_secret_key;  ///< root.secret_key
    // [auth]
    bool auth_require_tls_for_unsigned = false;
    std::vector<std::string> auth_ignore_unsigned_headers;
    // [multipart]
    std::string
        multipart_duplicate_parts;  ///< multipart.duplicate_parts, "last" or "reject" (CPL-11)
    std::chrono::milliseconds multipart_completion_memory{};  ///< multipart.completion_memory, 24h
    // [limits]: spec durability section 4
    std::uint32_t limits_connections_max = 20'000;
    std::uint32_t limits_connections_per_address_max = 1'024;
    std::uint32_t limits_running_requests_max = 256;
    std::uint32_t limits_queued_requests_max = 1'024;
    std::chrono::milliseconds limits_queue_timeout{};
    std::uint64_t limits_request_line_bytes_max = 0;
    std::uint64_t limits_header_section_bytes_max = 0;
    std::uint32_t limits_header_count_max = 0;
    std::chrono::milliseconds limits_header_timeout{};
    std::chrono::milliseconds limits_idle_timeout{};
    std::chrono::milliseconds limits_tls_handshake_timeout{};
    std::uint64_t limits_body_bytes_per_second_min = 0;
    std::chrono::milliseconds limits_body_rate_window{};
    std::chrono::milliseconds limits_drain_delay{};
    std::chrono::milliseconds limits_drain_timeout{};
    std::chrono::milliseconds limits_list_time_slice{};
    std::uint64_t limits_object_bytes_max = 0;
    // [log]
    std::string log_level;   ///< debug, info, warning, error
    std::string log_format;  ///< auto, human, json
    std::string log_file;    ///< empty = standard error
};

struct SettingError {
    std::string message;  ///< one line naming the setting, the value and what is allowed
};
template <class T>
using Result = base::Expected<T, SettingError>;

struct Sources {
    std::string file;                                ///< TOML path, or empty
    std::map<std::string, std::string> environment;  ///< the whole environment
    std::vector<std::string> assignments;            ///< "section.key=value", in order
};

/// Reads, merges and checks. HOLDFAST_ROOT_ACCESS_KEY and HOLDFAST_ROOT_SECRET_KEY are root.*;
/// unknown names under HOLDFAST_ are refused, but HOLDFAST_FAILPOINTS, HOLDFAST_TEST_* and what
/// container platforms say about a service called "holdfast" are not settings.
Result<Settings> load(const Sources& sources);

/// Every setting with its value, as TOML; secrets are shown as "(set)" or "(not set)".
std::string show(const Settings& settings);
/// A commented TOML file of all defaults.
std::string defaults_toml();
/// docs/configuration.md.
std::string documentation();

}  // namespace holdfast::config
