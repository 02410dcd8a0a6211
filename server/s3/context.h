/// What an operation's handler works with. threads: one event loop; Services: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/verifier.h"
#include "base/clock.h"
#include "base/random.h"
#include "model/limits.h"
#include "server/http/exchange.h"
#include "server/s3/request.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/store.h"
#include "storage/catalog/uploads.h"
#include "storage/checksum/md5_hasher.h"

namespace holdfast::s3 {

namespace catalog = storage::catalog;
namespace records = storage::catalog::records;

struct Options {
    std::string region = "us-east-1";
    std::vector<std::string> domains;
    auth::Account root;  ///< owner of every bucket as long as it is the only account
    bool duplicate_parts_last_wins = true;                          ///< CPL-11
    std::chrono::milliseconds completion_memory{24 * 3600 * 1000};  ///< CPL-50, ABT-03
    std::uint64_t object_bytes_max = 0;                             ///< LIM-05
    std::uint64_t put_bytes_max = 5ULL << 30;
    std::uint64_t part_bytes_min = model::part_bytes_min;  ///< LIM-03; only tests say another
    std::size_t header_section_bytes_max = model::header_section_bytes_max;  ///< as the listener's
};

struct Services {
    Options options;
    catalog::Store& store;
    catalog::Buckets& buckets;
    catalog::Objects& objects;
    catalog::Uploads& uploads;
    const auth::Verifier& verifier;
    const base::Clock& clock;
    base::Random& random;
    storage::checksum::Md5Hasher& md5;
};

struct Operation;

/// Names of one request, made before anything is known of it.
struct RequestIds {
    std::string request_id;  ///< 16 upper-case hexadecimal digits
    std::string host_id;     ///< opaque
};

struct Context {
    Services& services;
    http::Exchange& exchange;
    Request& request;
    const Operation& operation;
    const auth::Verified& verified;
    catalog::BucketPtr bucket;  ///< of the request; null for service operations and CreateBucket
    const RequestIds& ids;
    std::uint64_t bytes_sent = 0;      ///< of a streamed answer, for the log
    std::uint64_t bytes_received = 0;  ///< payload, for the log

    [[nodiscard]] base::WallTime now() const { return services.clock.wall(); }
    [[nodiscard]] const std::string& key() const { return request.key(); }
    /// For errors of the catalog about the request's own bucket and key.
    [[nodiscard]] S3Error error(const catalog::CatalogError& from) const {
        return from_catalog(
            from, {request.bucket(), request.key(), request.query("uploadId").value_or("")});
    }
};

struct Response {
    unsigned status = 200;
    http::Headers headers;
    std::string body;
    bool streamed = false;  ///< the handler has sent it already

    void set(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
    }
};

using Reply = base::Awaitable<Result<Response>>;

/// A 200 with an XML document.
Response xml_response(std::string document);

}  // namespace holdfast::s3
