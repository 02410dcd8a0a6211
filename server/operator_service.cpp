#include "server/operator_service.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/log.h"
#include "base/metrics.h"
#include "server/admin_refusals.h"
#include "server/health_remarks.h"
#include "server/options.h"
#include "storage/local/engine.h"
#include "storage/local/write_probe.h"
#include "storage/workers/blob_owners.h"

namespace holdfast::server {

namespace json = boost::json;
namespace workers = storage::workers;

namespace {

constexpr std::size_t damaged_listed_max = 1000;
constexpr std::chrono::seconds disk_patience{2};

json::value time_of(const std::optional<base::WallTime>& time) {
    if (!time) return nullptr;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
    return json::value(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                   fmt::gmtime(std::chrono::system_clock::to_time_t(seconds))));
}

/// Empty texts as null: "there is none" is not a word.
json::value text_of(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::value(text);
}

const char* meaning_of(const std::string& durability) {
    if (durability == "relaxed")
        return "answered before it is on the disk: a power failure may lose the last writes";
    return "nothing that was answered is lost, by a crash or a power failure";
}

json::object space_of(const std::optional<DiskFigures>& figures, const config::Settings& settings) {
    json::object space;
    if (!figures) {
        space["error"] = "the disk does not answer";
        return space;
    }
    const auto& found = figures->space;
    if (!found) {
        space["error"] = found.error().message();
        return space;
    }
    space["total_bytes"] = found->total_bytes;
    space["free_bytes"] = found->free_bytes;
    space["reserve_bytes"] =
        storage::local::reserve_bytes_of(*found, free_space_reserve_bytes(settings));
    return space;
}

json::object condition_of(const storage::EngineCondition& condition) {
    json::object object;
    object["writable"] = condition.writable();
    object["reason"] = text_of(condition.reason);
    object["missing_commits"] = condition.missing_commits;
    object["reopen_attempts"] = condition.reopen_attempts;
    object["gave_up"] = condition.gave_up;
    object["log_kept_in"] = text_of(condition.wal_aside);
    return object;
}

/// What a worker that passes over everything says of itself.
template <class Report>
json::object passes_of(const Report& report) {
    json::object object;
    object["running"] = report.running;
    object["passes"] = report.passes;
    object["last_pass"] = time_of(report.ended);
    object["failure"] = text_of(report.failure);
    return object;
}

/// The answer to who asks for a pass. `report` is from before it was asked for: it may be over at
/// once.
template <class Report>
admin::Reply asked_for_pass(const Report& report, bool started) {
    admin::Reply reply;
    reply.status = started ? 202 : 200;
    reply.body["started"] = started;
    reply.body["passes_before"] = report.passes;
    return reply;
}

/// The bodies that the index keeps itself: files of their own, beside the segments.
json::object bodies_of(const workers::CollectorReport& report) {
    json::object object;
    object["on_disk_bytes"] = report.inline_bytes;
    object["gone_bytes"] = report.inline_garbage_bytes;
    return object;
}

json::object use_of(const workers::CollectorReport& report) {
    const auto& use = report.use;
    json::object object;
    object["live_bytes"] = use.live_bytes;
    object["queued_bytes"] = use.queued_bytes;
    object["quarantined_bytes"] = use.quarantined_bytes;
    object["orphan_bytes"] = use.orphan_bytes;
    object["in_flight_bytes"] = use.in_flight_bytes;
    object["allocated_ahead_bytes"] = use.allocated_ahead_bytes;
    object["unknown_bytes"] = use.unknown_bytes;
    object["padding_bytes"] = use.padding_bytes;
    object["on_disk_bytes"] = report.allocated_bytes;
    return object;
}

const char* word_of(storage::SegmentPiece::Kind kind) {
    if (kind == storage::SegmentPiece::Kind::whole) return "whole";
    return kind == storage::SegmentPiece::Kind::unfinished ? "unfinished" : "damaged";
}

json::array listed(const workers::CollectorReport& report) {
    json::array rows;
    for (const auto& [leftover, age] : report.listed) {
        json::object row;
        row["blob"] = base::to_hex(leftover.blob);
        row["segment"] = fmt::format("{:016x}", leftover.extent.segment);
        row["offset"] = leftover.extent.offset;
        row["size_bytes"] = leftover.bytes;
        row["state"] = word_of(leftover.kind);
        row["age_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(age).count();
        rows.emplace_back(std::move(row));
    }
    return rows;
}

const char* word_of(storage::Damage::Kind kind) {
    switch (kind) {
        case storage::Damage::Kind::blob:
            return "blob";
        case storage::Damage::Kind::file:
            return "file";
        case storage::Damage::Kind::row:
            return "row";
        default:
            return "rows";
    }
}

json::array damaged(const storage::DamageList& list) {
    json::array rows;
    for (const auto& damage : list.all()) {
        if (rows.size() == damaged_listed_max) break;
        json::object row;
        row["kind"] = word_of(damage.kind);
        row["bucket"] = text_of(damage.bucket.empty() ? workers::bucket_id_of(damage.partition)
                                                      : damage.bucket);
        row["key"] = text_of(std::string(workers::object_key_in(damage.row_key)));
        row["part"] = damage.part == 0 ? json::value(nullptr) : json::value(damage.part);
        row["blob"] = damage.kind == storage::Damage::Kind::blob
                          ? json::value(base::to_hex(damage.blob.id))
                          : json::value(nullptr);
        row["file"] = text_of(damage.file);
        row["first_seen"] = time_of(damage.first_seen);
        row["what"] = damage.what;
        rows.emplace_back(std::move(row));
    }
    return rows;
}

}  // namespace

OperatorService::OperatorService(Parts parts)
    : parts_(parts),
      started_(parts.clock.steady()),
      disk_(parts.pool, parts.vfs, parts.settings.storage_directory, disk_patience),
      snapshots_(parts.engine, parts.background, parts.clock) {}

OperatorService::~OperatorService() {
    if (resumer_.joinable()) resumer_.join();
}

base::Awaitable<admin::Reply> OperatorService::info() {
    const auto& settings = parts_.settings;
    admin::Reply reply;
    auto& body = reply.body;
    body["version"] = HF_VERSION;
    body["uptime_seconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(parts_.clock.steady() - started_).count();
    body["engine"] = settings.storage_engine;
    auto* engine = parts_.engine.local();
    if (engine == nullptr) {
        body["durability"] = "none";
        body["meaning"] = "data is gone when the server stops";
        co_return reply;
    }
    body["directory"] = settings.storage_directory;
    body["durability"] = settings.storage_durability;
    body["meaning"] = meaning_of(settings.storage_durability);
    body["condition"] = condition_of(engine->upkeep().condition());
    const auto statistics = engine->statistics();
    body["commits"] = statistics.commits;
    body["commit_groups"] = statistics.commit_groups;
    body["segment_syncs"] = statistics.segment_syncs;
    body["index_failures"] = engine->upkeep().index_failures();
    body["damaged"] = engine->upkeep().damage().size();
    const auto figures = co_await disk_.ask();
    body["disk"] = space_of(figures, settings);
    body["segments"] = nullptr;
    if (figures && figures->segments)
        body["segments"] = *figures->segments;
    else if (figures)
        body["segments_error"] = figures->segments.error().message();
    co_return reply;
}

admin::Reply OperatorService::gc_report() {
    auto* collector = parts_.background.collector();
    if (collector == nullptr) return no_disk();
    const auto report = collector->report();
    admin::Reply reply;
    auto& body = reply.body;
    body = passes_of(report);
    body["blocked"] = text_of(report.blocked);
    if (report.stopped_at > 0)
        body["safety_stop"] = fmt::format(
            "{} extents without an owner, more than {}: a damaged index looks like that; nothing "
            "is given back until `gc run --confirm`",
            report.stopped_at, report.stop_limit);
    body["segments"] = report.segments;
    body["blobs"] = report.blobs;
    body["blob_bytes"] = report.blob_bytes;
    body["orphans"] = report.orphans;
    body["quarantined"] = report.quarantined;
    body["given_back"] = report.released;
    body["given_back_bytes"] = report.released_bytes;
    body["moved_blobs"] = report.moved;
    body["space"] = use_of(report);
    body["bodies_in_the_index"] = bodies_of(report);
    body["quarantine"] = listed(report);
    return reply;
}

admin::Reply OperatorService::gc_run(admin::Consent consent) {
    auto* collector = parts_.background.collector();
    if (collector == nullptr) return no_disk();
    auto reply = asked_for_pass(collector->report(), true);
    collector->request(consent == admin::Consent::given);
    return reply;
}

admin::Reply OperatorService::scrub_start() {
    auto* scrubber = parts_.background.scrubber();
    if (scrubber == nullptr) return no_disk();
    const auto report = scrubber->report();
    if (!report.running) scrubber->request();
    return asked_for_pass(report, !report.running);
}

admin::Reply OperatorService::scrub_status() {
    auto* scrubber = parts_.background.scrubber();
    if (scrubber == nullptr) return no_disk();
    const auto report = scrubber->report();
    admin::Reply reply;
    auto& body = reply.body;
    body = passes_of(report);
    body["at"] = text_of(report.running ? report.at : "");
    body["blobs"] = report.blobs;
    body["read_bytes"] = report.bytes;
    body["damaged"] = parts_.engine.local()->upkeep().damage().size();
    return reply;
}

admin::Reply OperatorService::scrub_report() {
    auto* engine = parts_.engine.local();
    if (engine == nullptr) return no_disk();
    admin::Reply reply;
    reply.body["count"] = engine->upkeep().damage().size();
    reply.body["not_listed"] = engine->upkeep().damage().not_listed();
    reply.body["damaged"] = damaged(engine->upkeep().damage());
    return reply;
}

admin::Reply OperatorService::volume_resume() {
    auto* engine = parts_.engine.local();
    if (engine == nullptr) return no_disk();
    if (engine->upkeep().condition().writable()) return refusal(409, "writes are taken");
    if (resuming_.exchange(true)) return refusal(409, "an attempt is under way");
    if (resumer_.joinable()) resumer_.join();
    resumer_ = std::thread([this, engine] {
        if (const auto failed = engine->resume())
            base::log::warning("volume.not_resumed", {{"reason", *failed}});
        resuming_ = false;
    });
    admin::Reply reply;
    reply.status = 202;
    reply.body["started"] = true;
    reply.body["outcome"] = "see `holdfast admin info`";
    return reply;
}

std::string OperatorService::remarks() {
    std::string remarks;
    if (auto* engine = parts_.engine.local(); engine != nullptr) {
        if (const auto condition = engine->upkeep().condition(); !condition.writable())
            remarks += "read-only: " + condition.reason + '\n';
        if (const auto count = engine->upkeep().damage().size(); count > 0)
            remarks += fmt::format("damaged: {}, see `holdfast admin scrub report`\n", count);
    }
    return remarks + health_remarks(base::metrics::samples());
}

}  // namespace holdfast::server
