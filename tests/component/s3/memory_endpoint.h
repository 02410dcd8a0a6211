/// The endpoint over the memory engine, with the doubles that count and fail in between, and a
/// bucket to begin with. threads: one.
#pragma once

#include "tests/catch.h"
#include "tests/component/s3/endpoint.h"
#include "tests/unit/storage/catalog/doubles.h"

namespace holdfast::test {

/// Destroyed after the endpoint that uses them.
struct MemoryStores {
    WatchedRows rows;
    WatchedBlobs blobs;
    base::FakeClock clock{base::WallTime(std::chrono::milliseconds(1'700'000'000'500))};
};

class MemoryEndpoint : public MemoryStores, public Endpoint {
public:
    explicit MemoryEndpoint(const EndpointOptions& options = {})
        : Endpoint(rows, blobs, clock, options) {
        REQUIRE(put("/photos").status == 200);
    }

    /// What a request that failed must not have changed.
    std::string state() { return rows_of("photos") + std::to_string(blobs.live()); }
};

/// A body for CompleteMultipartUpload.
inline std::string part_list(const std::vector<std::pair<int, std::string>>& parts) {
    std::string text = "<CompleteMultipartUpload>";
    for (const auto& [number, etag] : parts)
        text += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + etag +
                "</ETag></Part>";
    return text + "</CompleteMultipartUpload>";
}

inline constexpr std::size_t five_mib = 5 * 1024 * 1024;

}  // namespace holdfast::test
