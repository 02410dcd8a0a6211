/// One line of the access log and the metrics of each request. threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "server/s3/operation.h"

namespace holdfast::s3 {

struct AccessEntry {
    const Operation* operation = nullptr;  ///< null: no row of the table fits
    unsigned status = 0;
    std::string_view error_code;
    std::string_view cause;  ///< for the log only
    std::string_view request_id;
    std::string_view bucket;
    std::string_view key;
    std::string_view access_key_id;
    std::string_view peer;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::chrono::microseconds elapsed{};
};

class AccessRecorder {
public:
    AccessRecorder();
    ~AccessRecorder();
    AccessRecorder(AccessRecorder&&) noexcept;

    void record(const AccessEntry& entry) const;

private:
    struct Metrics;
    std::unique_ptr<Metrics> metrics_;
};

}  // namespace holdfast::s3
