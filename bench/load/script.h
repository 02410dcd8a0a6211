/// What a connection asks for, request after request. A script belongs to one connection; what the
/// connections of a run share is in Shared. threads: a script: one; Shared: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/request.h"

namespace holdfast::bench {

struct Answer {
    bool ok = false;  ///< status, length and content were as they should be
    int status = 0;
    std::string_view etag = {};
    std::string_view body = {};  ///< what was captured
};

class Script {
public:
    virtual ~Script() = default;
    /// Fills the next request; false when there is none. `stopping`: only what has to be tidied up.
    virtual bool next(Request& request, bool stopping) = 0;
    /// Called once for each request, also for those that failed.
    virtual void answered(const Answer& answer) = 0;
};

struct Shared {
    std::atomic<std::int64_t> budget{0};   ///< units of work left: requests, or whole uploads
    std::atomic<std::uint64_t> ticket{0};  ///< deals keys out in order

    /// One unit of the budget; false when it is used up.
    bool take_one() { return budget.fetch_sub(1, std::memory_order_relaxed) > 0; }
};

/// Keys "<prefix><8 digits>" below a bucket: they need no encoding.
struct KeySpace {
    std::string bucket;
    std::string prefix;
    std::uint64_t objects = 1;

    void append_key(std::uint64_t number, std::string& to) const;
};

/// Shares of a mixed load, in any unit.
struct Mix {
    unsigned put = 0;
    unsigned get = 0;
    unsigned head = 0;
    unsigned list = 0;
    unsigned remove = 0;
};

struct ObjectLoad {
    KeySpace keys;
    Mix mix;
    const Body* body = nullptr;  ///< put, and what get must answer
    bool verify = false;
    unsigned list_keys_max = 1000;
};

/// Independent requests; put and delete go through the keys in order, the others choose at random.
std::unique_ptr<Script> make_object_script(const ObjectLoad& load, Shared& shared,
                                           std::uint64_t seed);

/// The same GET or HEAD again and again, of any server.
struct PathLoad {
    Operation operation = Operation::get;
    std::string path;
    std::uint64_t expected_bytes = 0;
};
std::unique_ptr<Script> make_path_script(const PathLoad& load, Shared& shared);

struct MultipartLoad {
    KeySpace keys;
    const Body* part = nullptr;
    const Body* last_part = nullptr;  ///< shorter; null when the size is a multiple
    std::uint64_t full_parts = 0;
    std::string checksum_algorithm = {};  ///< asked for at create with trailers; empty: none
};

/// Whole uploads: create, parts one after the other, complete. One unit of the budget each.
std::unique_ptr<Script> make_multipart_script(const MultipartLoad& load, Shared& shared);

/// One request; `status` says how it ended.
struct SingleRequest {
    Request request;
    int status = 0;
    std::string body;
};
std::unique_ptr<Script> make_single_script(SingleRequest& single);

}  // namespace holdfast::bench
