#include "server/snapshot_calls.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "server/admin_refusals.h"
#include "storage/local/engine.h"

namespace holdfast::server {

namespace json = boost::json;

namespace {

using storage::SnapshotError;

/// What a start on a copy needs and the engine does not know: the admin token is made anew.
const std::vector<std::string> files_of_the_server{"keyring", "keyring-id", "root-account",
                                                   "root-credentials"};

std::string in_utc(base::WallTime time, const char* format) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto utc = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
    return fmt::format(fmt::runtime(format), utc);
}

unsigned status_of(SnapshotError::Kind kind) {
    using Kind = SnapshotError::Kind;
    switch (kind) {
        case Kind::bad_name:
            return 400;
        case Kind::not_there:
            return 404;
        case Kind::taken:
        case Kind::busy:
            return 409;
        case Kind::read_only:
            return 503;
        case Kind::out_of_space:
            return 507;
        case Kind::failed:
            break;
    }
    return 500;
}

json::object to_json(const storage::VolumeSnapshot& snapshot) {
    json::object object;
    object["name"] = snapshot.name;
    object["made"] = in_utc(snapshot.made, "{:%Y-%m-%dT%H:%M:%SZ}");
    object["commit_no"] = snapshot.commit_no;
    object["segments"] = snapshot.segments;
    object["segment_bytes"] = snapshot.segment_bytes;
    object["index_bytes"] = snapshot.index_bytes;
    object["directory"] = snapshot.directory;
    return object;
}

}  // namespace

base::Awaitable<admin::Reply> SnapshotCalls::create(std::string name) {
    auto* engine = engine_.local();
    if (engine == nullptr) co_return no_disk();
    if (name.empty()) name = in_utc(clock_.wall(), "{:%Y%m%dT%H%M%SZ}");
    auto files = files_of_the_server;
    auto made =
        co_await engine->upkeep().volume_snapshots().create(std::move(name), std::move(files));
    if (!made) {
        background_.request_sweep();  // for what was held meanwhile
        co_return refusal(status_of(made.error().kind), made.error().message);
    }
    admin::Reply reply;
    reply.body = to_json(*made);
    co_return reply;
}

base::Awaitable<admin::Reply> SnapshotCalls::list() {
    auto* engine = engine_.local();
    if (engine == nullptr) co_return no_disk();
    auto found = co_await engine->upkeep().volume_snapshots().list();
    if (!found) co_return refusal(status_of(found.error().kind), found.error().message);
    json::array rows;
    for (const auto& snapshot : *found) rows.emplace_back(to_json(snapshot));
    admin::Reply reply;
    reply.body["snapshots"] = std::move(rows);
    co_return reply;
}

base::Awaitable<admin::Reply> SnapshotCalls::remove(std::string name) {
    auto* engine = engine_.local();
    if (engine == nullptr) co_return no_disk();
    auto removed = co_await engine->upkeep().volume_snapshots().remove(name);
    if (!removed) co_return refusal(status_of(removed.error().kind), removed.error().message);
    background_.request_sweep();
    admin::Reply reply;
    reply.body["deleted"] = name;
    co_return reply;
}

}  // namespace holdfast::server
