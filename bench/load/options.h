/// The command line of holdfast-bench, checked. threads: any.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bench/load/body.h"
#include "bench/load/script.h"

namespace holdfast::bench {

enum class Command { put, get, head, list, remove, mixed, multipart };

struct Options {
    Command command = Command::get;
    std::string command_name;
    sockaddr_in address{};
    std::string host;  ///< the Host header: as in the endpoint
    std::string access_key;
    base::Secret secret_key;
    std::string region;
    bool anonymous = false;
    bool plain = false;  ///< any server: one path, no signature, nothing prepared
    std::string path;
    std::string bucket;
    std::string prefix;
    std::vector<std::uint64_t> sizes;
    std::uint64_t part_bytes = 0;
    unsigned connections = 1;
    unsigned threads = 1;
    std::chrono::milliseconds duration{0};
    std::chrono::milliseconds warm_up{0};
    std::uint64_t requests = 0;  ///< 0: as many as the duration allows
    std::uint64_t objects = 1;
    bool prepare = true;
    Payload payload = Payload::signed_hash;
    unsigned page_keys = 1000;  ///< max-keys of list
    model::ChecksumAlgorithm checksum = model::ChecksumAlgorithm::crc64nvme;
    bool verify = false;
    Mix mix;
    int server_pid = 0;
    std::string json_file;
};

struct UsageError {
    std::string message;  ///< ready to print
    int exit_code = 2;    ///< 0: help was asked for
};

base::Expected<Options, UsageError> parse_options(int argc, const char* const* argv);

/// "4096", "4KiB", "8MiB", "5GiB". Nothing for anything else.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// "500ms", "10s", "2m".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "get=70,put=20,head=5,list=4,delete=1".
std::optional<Mix> parse_mix(std::string_view text);

}  // namespace holdfast::bench
