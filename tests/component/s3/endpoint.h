/// A whole S3 endpoint in process: s3::Service over an engine, driven through a fake connection, so
/// that every request goes head, route, signature, admission, handler, answer.
///
/// threads: one; serve() any, each call on a loop of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "storage/blob_store.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/uploads.h"
#include "storage/metadata_store.h"
#include "tests/component/s3/request.h"

namespace holdfast::test {

inline constexpr std::string_view account_id = "111122223333";
inline const std::string canonical_id(64, 'c');

struct EndpointOptions {
    /// Of the buckets; requests are signed for us-east-1 all the same.
    std::string region = "us-east-1";
    bool duplicate_parts_last_wins = true;
    std::uint64_t object_bytes_max = 53'687'091'200'000;
    std::uint64_t put_bytes_max = 5ULL << 30;
    std::uint64_t part_bytes_min = 5ULL << 20;
    std::vector<std::string> domains{"s3.example.test"};
};

class Endpoint {
public:
    /// The stores and the clock must outlive it.
    Endpoint(storage::MetadataStore& rows, storage::BlobStore& blobs, base::FakeClock& clock,
             const EndpointOptions& options = {});
    ~Endpoint();

    Answer send(const Request& request);
    /// What a server of its own would serve. threads: as serve().
    http::RequestHandler& handler();
    /// What a client sends that no Request says.
    Answer send_wire(Wire wire);
    /// The answer to what never became a request.
    Answer refuse(unsigned status, std::string_view code);
    /// All at once on one loop; answers in the order given.
    std::vector<Answer> race(const std::vector<Request>& requests);
    /// For hooks that act while another request is under way.
    base::Awaitable<Answer> serve(const Request& request);
    base::Awaitable<Answer> serve_wire(Wire wire);

    Answer get(std::string target) { return send(Request("GET", std::move(target))); }
    Answer head(std::string target) { return send(Request("HEAD", std::move(target))); }
    Answer remove(std::string target) { return send(Request("DELETE", std::move(target))); }
    Answer put(std::string target, std::string body = {});
    Answer post(std::string target, std::string body = {});

    /// REQUIRES: it succeeds. The upload's id.
    std::string start_upload(const std::string& path, const http::Headers& headers = {});
    /// REQUIRES: it succeeds. The part's ETag with its quotes.
    std::string put_part(const std::string& path, const std::string& upload_id, int number,
                         const std::string& body);

    /// The reclaimer's work. How many blobs were given back.
    std::size_t collect_garbage();
    /// Every index row of the system and of the named bucket's partition (ORD-12).
    std::string rows_of(std::string_view bucket);
    /// What lies below the service, for workers and for looks at what is stored.
    storage::catalog::Store& store();
    storage::catalog::Buckets& buckets();
    storage::catalog::Uploads& uploads();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::test
