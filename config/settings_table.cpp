#include "config/settings_table.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/limits.h"

namespace holdfast::config {

namespace {

using base::GiB;
using base::KiB;
using base::MiB;

constexpr std::uint64_t TiB = 1024 * GiB;
constexpr std::uint64_t second = 1000;
constexpr std::uint64_t hour = 3600 * second;
/// source: spec multipart LIM-05; model/limits.h holds the same number, which this room may not
/// see.
constexpr std::uint64_t s3_object_bytes_max = 50'000 * GiB;

constexpr std::string_view lower_letters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view upper_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view digits = "0123456789";

bool consists_of(std::string_view text, std::initializer_list<std::string_view> alphabets) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return std::any_of(alphabets.begin(), alphabets.end(), [c](std::string_view alphabet) {
            return alphabet.find(c) != std::string_view::npos;
        });
    });
}

bool is_visible(char c) {
    return c > ' ' && c < 0x7f;
}

bool is_ip_address(std::string_view text) {
    unsigned char binary[sizeof(in6_addr)];
    const std::string terminated(text);
    return inet_pton(AF_INET, terminated.c_str(), binary) == 1 ||
           inet_pton(AF_INET6, terminated.c_str(), binary) == 1;
}

bool is_host_name(std::string_view text) {
    const auto label_is_wrong = [](std::string_view label) {
        return label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-';
    };
    if (text.size() > 253 || !consists_of(text, {lower_letters, digits, "-."})) return false;
    for (;;) {
        const auto dot = text.find('.');
        if (label_is_wrong(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_product_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.front() != ' ' && text.back() != ' ' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_visible(c); });
}

bool is_region(std::string_view text) {
    return !text.empty() && text.size() <= 64 && consists_of(text, {lower_letters, digits, "-"});
}

bool is_path_or_empty(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

bool is_path(std::string_view text) {
    return !text.empty() && is_path_or_empty(text);
}

bool is_header_name(std::string_view text) {
    return !text.empty() && consists_of(text, {lower_letters, digits, "!#$%&'*+-.^_`|~"});
}

bool is_master_key_or_empty(std::string_view text) {
    if (text.empty()) return true;
    const auto key = base::from_base64(text);
    return key && key->size() == 32;
}

bool is_access_key_or_empty(std::string_view text) {
    if (text.empty()) return true;
    return text.size() >= 3 && text.size() <= 128 &&
           consists_of(text, {lower_letters, upper_letters, digits, "_.-"});
}

/// What other servers and their tutorials start with, and therefore the first guesses of everybody.
bool is_well_known(std::string_view secret) {
    constexpr std::array<std::string_view, 9> secrets = {"minioadmin", "minio123",   "rustfsadmin",
                                                         "password",   "adminadmin", "admin123",
                                                         "changeme",   "12345678",   "secretkey"};
    return std::find(secrets.begin(), secrets.end(), secret) != secrets.end();
}

bool is_secret_key_or_empty(std::string_view text) {
    if (text.empty()) return true;
    return text.size() >= 8 && text.size() <= 128 && !is_well_known(text) &&
           std::all_of(text.begin(), text.end(), is_visible);
}

bool is_token_or_empty(std::string_view text) {
    if (text.empty()) return true;
    return text.size() >= 16 && text.size() <= 128 &&
           consists_of(text, {lower_letters, upper_letters, digits, "-._~+/="});
}

const Rule ip_address{is_ip_address, "an IPv4 or IPv6 address"};
const Rule path{is_path, "a path"};
const Rule path_or_empty{is_path_or_empty, "a path, or empty"};

// A table, not a function to be read from top to bottom: as long as there are settings.
std::vector<Row> make_table() {
    using S = Settings;
    return {
        {"server.address", &S::server_address, "127.0.0.1", ip_address,
         "Where S3 clients connect to. `0.0.0.0` or `::` listens on every interface."},
        {"server.port", &S::server_port, "9000", Range{0, 65535},
         "The port for S3 clients; 0 takes any free one."},
        {"server.threads", &S::server_threads, "0", Range{0, 1024},
         "Event loops, each with a thread; 0 makes one for each processor core."},
        {"server.domains", &S::server_domains, "", Rule{is_host_name, "host names in lower case"},
         "Host names below which the first label names the bucket (virtual-hosted addressing)."},
        {"server.name", &S::server_name, "Holdfast",
         Rule{is_product_name, "1 to 64 visible ASCII characters or spaces"},
         "What the `Server` header of an answer says."},
        {"server.region", &S::server_region, "us-east-1",
         Rule{is_region, "1 to 64 of a-z, 0-9 and -"}, "The region that clients sign for."},

        {"tls.certificate", &S::tls_certificate, "", path_or_empty,
         "The certificate chain as a PEM file; with `tls.key` it turns TLS on. Read again on "
         "SIGHUP."},
        {"tls.key", &S::tls_key, "", path_or_empty, "The certificate's private key as a PEM file."},

        {"admin.address", &S::admin_address, "127.0.0.1", ip_address,
         "Where health checks and metrics are answered."},
        {"admin.port", &S::admin_port, "9001", Range{0, 65535},
         "The port for health checks and metrics; 0 takes any free one."},
        {"admin.metrics_token", &S::admin_metrics_token, "",
         Rule{is_token_or_empty, "16 to 128 letters, digits and -._~+/=, or empty"},
         "Who asks for metrics must send it as `Authorization: Bearer`. Without one, metrics are "
         "answered only when `admin.address` is a loopback address."},
        {"admin.token", &S::admin_token, "",
         Rule{is_token_or_empty, "16 to 128 letters, digits and -._~+/=, or empty"},
         "Who uses the admin API (`holdfast admin`) must send it as `Authorization: Bearer`. "
         "Without one, the file `admin-token` of the data directory has it, made at the first "
         "start."},

        {"gc.interval", &S::gc_interval, "24h", Range{0, 365 * 24 * hour},
         "Time between two passes that look for space without an owner; 0s looks only when asked "
         "to (`holdfast admin gc run`)."},
        {"gc.quarantine", &S::gc_quarantine, "24h", Range{0, 365 * 24 * hour},
         "How long space without an owner is kept, and listed, before it is given back."},
        {"gc.bytes_per_second_max", &S::gc_bytes_per_second_max, "64MiB", Range{MiB, TiB},
         "How fast such a pass reads."},

        {"scrub.interval", &S::scrub_interval, "336h", Range{0, 365 * 24 * hour},
         "Time from the start of a scrub, which reads everything stored again, to that of the "
         "next; 0s scrubs only when asked to (`holdfast admin scrub start`)."},
        {"scrub.bytes_per_second_max", &S::scrub_bytes_per_second_max, "20MiB", Range{MiB, TiB},
         "How fast a scrub reads."},

        {"storage.engine", &S::storage_engine, "local", Words{{"local", "memory"}},
         "`local` keeps data in `storage.directory`; `memory` forgets it when the server stops."},
        {"storage.directory", &S::storage_directory, "./data", path,
         "The data directory; made when missing. One server at a time may use it."},
        {"storage.durability", &S::storage_durability, "strict",
         Words{{"strict", "batched", "relaxed"}},
         "`strict` answers a write after it is on the disk. `batched` does too, but waits up to 5 "
         "ms "
         "for more writes to share the sync. `relaxed` answers earlier and may lose the last "
         "writes when the machine fails."},
        {"storage.inline_bytes_max", &S::storage_inline_bytes_max, "16KiB", Range{0, 64 * KiB},
         "Objects up to this size are kept inside the metadata store."},
        {"storage.segment_bytes", &S::storage_segment_bytes, "1GiB", Range{128 * MiB, TiB},
         "Size of the files that hold larger objects; their space is reserved on the disk 32 MiB "
         "ahead."},
        {"storage.free_bytes_min", &S::storage_free_bytes_min, "0", Range{0, 16 * TiB},
         "Uploads are refused when the disk has less room than this; 0 is 1 GiB or 2 % of the "
         "disk, whichever is more. 96 MiB are kept in any case."},
        {"storage.unsynced_bytes_max", &S::storage_unsynced_bytes_max, "256MiB",
         Range{MiB, 1024 * GiB},
         "Bytes of larger objects that are written and not yet on the disk; uploads wait while "
         "there are more. Not with durability `relaxed`."},
        {"storage.commit_queue_max", &S::storage_commit_queue_max, "4096", Range{1, 1'000'000},
         "Changes that may wait for their turn to be made durable; more get `SlowDown`."},
        {"storage.threads", &S::storage_threads, "8", Range{1, 1024},
         "Threads for work that waits for the disk."},
        {"storage.read_only", &S::storage_read_only, "false", Truth{},
         "Serves reads and writes nothing, as on a file system that is read-only; writes get "
         "`ServiceUnavailable`. The same as `holdfast serve --read-only`."},
        {"storage.unclean_starts_max", &S::storage_unclean_starts_max, "5", Range{0, 16},
         "So many starts within a minute that each follow a crash make the last of them read-only, "
         "until `holdfast admin volume resume` or a later start; 0 never does."},
        {"storage.cache_bytes", &S::storage_cache_bytes, "0", Range{0, 16 * TiB},
         "Memory for metadata that was read, taken as it is needed; 0 is 40 % of what "
         "`mem.limit` leaves beside 32 MiB for the program itself. With "
         "`storage.memtable_bytes` at most 60 % of a `mem.limit` that is set."},
        {"storage.memtable_bytes", &S::storage_memtable_bytes, "0", Range{0, 16 * GiB},
         "Memory for metadata that was written and not yet sorted into files; 0 is 15 % of the "
         "same, but at most 64 MiB: a start after a crash reads twice as much again."},

        {"mem.limit", &S::mem_limit_bytes, "0", Range{0, 16 * TiB},
         "Memory of the whole process; 0 is 60 % of the machine's or of the control group's limit, "
         "whichever is less, and at least 64 MiB are assumed. Above 80 % of it no new bodies are "
         "read, above 95 % requests get `SlowDown`; one runs in any case."},

        {"encryption.keyring_file", &S::encryption_keyring_file, "", path_or_empty,
         "The file of master keys, made at the first start; empty puts it into the data directory. "
         "Without it the data cannot be read: keep a copy elsewhere."},
        {"encryption.master_key", &S::encryption_master_key, "",
         Rule{is_master_key_or_empty, "base64 of 32 bytes, or empty"},
         "The master key itself; it is used instead of a keyring file."},

        {"root.access_key", &S::root_access_key, "",
         Rule{is_access_key_or_empty, "3 to 128 letters, digits, _, . or -, or empty"},
         "Access key of the root account. Without one the server makes a pair at its first start."},
        {"root.secret_key", &S::root_secret_key, "",
         Rule{is_secret_key_or_empty,
              "8 to 128 visible ASCII characters but no well-known secret, or empty"},
         "Secret key of the root account."},

        {"auth.require_tls_for_unsigned", &S::auth_require_tls_for_unsigned, "false", Truth{},
         "Refuse bodies that no signature covers (`UNSIGNED-PAYLOAD`) unless they come over TLS."},
        {"auth.ignore_unsigned_headers", &S::auth_ignore_unsigned_headers, "",
         Rule{is_header_name, "header names in lower case"},
         "`x-amz-` headers which a proxy adds and which are removed when the client did not sign "
         "them; any other unsigned one is refused."},

        {"multipart.duplicate_parts", &S::multipart_duplicate_parts, "last",
         Words{{"last", "reject"}},
         "What completing an upload does with a part number listed twice: take the last entry, or "
         "answer `InvalidPartOrder`."},
        {"multipart.completion_memory", &S::multipart_completion_memory, "24h",
         Range{second, 365 * 24 * hour},
         "How long a repeated CompleteMultipartUpload still gets the answer of the first."},

        {"limits.connections_max", &S::limits_connections_max, "20000", Range{1, 1'000'000},
         "Open connections; never more than 80 % of the file descriptors the process may have."},
        {"limits.connections_per_address_max", &S::limits_connections_per_address_max, "1024",
         Range{1, 1'000'000}, "Open connections from one client address."},
        {"limits.running_requests_max", &S::limits_running_requests_max, "256", Range{1, 100'000},
         "Requests that are worked on at the same time."},
        {"limits.queued_requests_max", &S::limits_queued_requests_max, "1024", Range{0, 1'000'000},
         "Requests that may wait for their turn; more get `SlowDown`."},
        {"limits.queue_timeout", &S::limits_queue_timeout, "2s", Range{1, hour},
         "How long a request waits for its turn before it gets `SlowDown`."},
        {"limits.request_line_bytes_max", &S::limits_request_line_bytes_max, "16KiB",
         Range{4 * KiB, MiB}, "Method, path and query of a request."},
        {"limits.header_section_bytes_max", &S::limits_header_section_bytes_max, "8KiB",
         Range{4 * KiB, MiB}, "All headers of a request together."},
        {"limits.header_count_max", &S::limits_header_count_max, "128", Range{16, 10'000},
         "Headers of a request."},
        {"limits.header_timeout", &S::limits_header_timeout, "10s", Range{1, hour},
         "Time to send the whole header section of a request."},
        {"limits.idle_timeout", &S::limits_idle_timeout, "60s", Range{1, 24 * hour},
         "How long a connection may stay open without a request."},
        {"limits.tls_handshake_timeout", &S::limits_tls_handshake_timeout, "10s", Range{1, hour},
         "Time for a TLS handshake."},
        {"limits.body_bytes_per_second_min", &S::limits_body_bytes_per_second_min, "1KiB",
         Range{0, GiB},
         "A body that moves more slowly than this, on average over `limits.body_rate_window`, ends "
         "its request; 0 lets every body take its time."},
        {"limits.body_rate_window", &S::limits_body_rate_window, "30s", Range{second, hour},
         "Over which time the speed of a body is measured."},
        {"limits.drain_delay", &S::limits_drain_delay, "0s", Range{0, hour},
         "How long a stopping server goes on accepting while `/health/ready` already says 503, so "
         "that a load balancer can turn away first."},
        {"limits.drain_timeout", &S::limits_drain_timeout, "30s", Range{0, 24 * hour},
         "How long a stopping server lets running requests finish."},
        {"limits.list_time_slice", &S::limits_list_time_slice, "200ms", Range{1, hour},
         "A page of a listing that takes longer ends early, with a marker for the next one."},
        {"limits.object_bytes_max", &S::limits_object_bytes_max, "50000GiB",
         Range{1, s3_object_bytes_max}, "Size of the largest object; S3's own limit by default."},

        {"log.level", &S::log_level, "info", Words{{"debug", "info", "warning", "error"}},
         "The least important events that are logged."},
        {"log.format", &S::log_format, "auto", Words{{"auto", "human", "json"}},
         "`auto` writes for people when standard error is a terminal and JSON lines otherwise."},
        {"log.file", &S::log_file, "", path_or_empty,
         "Where the log goes; empty is standard error. Opened again on SIGHUP."},
    };
}

}  // namespace

const std::vector<Row>& settings_table() {
    static const std::vector<Row> table = make_table();
    return table;
}

const Row* find_row(std::string_view name) {
    for (const Row& row : settings_table())
        if (row.name == name) return &row;
    return nullptr;
}

std::string_view section_of(const Row& row) {
    return row.name.substr(0, row.name.find('.'));
}

std::string_view key_of(const Row& row) {
    return row.name.substr(row.name.find('.') + 1);
}

std::string environment_name(const Row& row) {
    std::string name = "HOLDFAST_";
    for (const char c : row.name)
        name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

bool is_secret(const Row& row) {
    return std::holds_alternative<base::Secret Settings::*>(row.member);
}

}  // namespace holdfast::config
