#include "tests/model/runner.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "tests/model/differences.h"
#include "tests/model/stored.h"

namespace holdfast::model_test {

namespace {

constexpr int commands_between_checks = 50;

ReferenceOptions reference_options() {
    ReferenceOptions options;
    options.part_bytes_min = part_bytes_min;
    options.canonical_id = test::canonical_id;
    return options;
}

test::Request request_of(const Call& call) {
    test::Request request(call.method, call.target());
    for (const auto& [name, value] : call.headers) request.header(name, value);
    if (call.body) request.body(call.body->bytes());
    return request;
}

bool may_change(const Call& call) {
    return call.method != "GET" && call.method != "HEAD";
}

/// The server says that it could not: the request may have been done all the same.
bool is_failure(const test::Answer& answer) {
    if (answer.aborted || answer.status == 500 || answer.status == 503 || answer.status == 507)
        return true;
    const auto codes = answer.elements("Code");  // of DeleteObjects, for single keys
    return std::any_of(codes.begin(), codes.end(), [](const auto& code) {
        return code == "InternalError" || code == "ServiceUnavailable" || code == "SlowDown" ||
               code == "InsufficientStorage";
    });
}

std::string text_of(const World::Fault& fault) {
    return "call " + std::to_string(fault.nth) + " of " +
           (fault.operation.empty() ? "any kind" : fault.operation) + " fails with " +
           std::to_string(fault.code) + (fault.for_ever ? " and all behind it" : "");
}

}  // namespace

Runner::Runner(World& world) : world_(world), state_(reference_options()) {
    for (const char* bucket : {"alpha", "beta"}) request({.method = "PUT", .bucket = bucket});
}

void Runner::run(const Commands& commands) {
    for (const auto& command : commands) {
        step(command);
        if (++since_check_ >= commands_between_checks && faulty_requests_ == 0) check_whole();
    }
    world_.heal();
    if (hurt_) restart(false);
    check_whole();
    collect_garbage();
    check_whole();
    counts_.moved = world_.blobs_moved();
}

Runner::Counts& Runner::Counts::operator+=(const Counts& other) {
    crashes_during += other.crashes_during;
    crashes_behind += other.crashes_behind;
    failures += other.failures;
    restarts += other.restarts;
    upkeep += other.upkeep;
    moved += other.moved;
    return *this;
}

void Runner::step(const Command& command) {
    Choices choose(command);
    switch (command.kind) {
        case Kind::wait: {
            constexpr std::array waits{1000LL, 61'000LL, 500LL, 3'600'000LL, 90'000'000LL};
            world_.clock().advance(std::chrono::milliseconds(choose.of(waits)));
            trace_.push_back("the clock goes on to " + std::to_string(world_.now_ms()));
            return;
        }
        case Kind::restart:
        case Kind::kill:
            return restart(command.kind == Kind::restart);
        case Kind::collect:
            return collect_garbage();
        case Kind::flush_index:
            return look_after_engine(World::Work::flush_index, "the index writes a file");
        case Kind::compact_index:
            return look_after_engine(World::Work::compact_index, "the index merges files");
        case Kind::move_blobs:
            return look_after_engine(World::Work::move_blobs, "segments are emptied");
        case Kind::scrub:
            return look_after_engine(World::Work::scrub, "a scrub");
        case Kind::sweep:
            return look_after_engine(World::Work::sweep, "a sweep");
        case Kind::crash: {
            const auto nth = 1 + (choose.chance(70) ? choose.below(4) : choose.below(16));
            planned_crash_ = PlannedCrash{nth, choose.below(1000)};
            return;
        }
        case Kind::fault:
            return plan_fault(choose);
        default:
            break;
    }
    const auto call = call_of(command, state_, lists_, world_.now_ms());
    if (may_change(call)) arm_planned_fault(call);
    const bool crashes = planned_crash_ && may_change(call) &&
                         world_.arm_crash(planned_crash_->nth, planned_crash_->seed);
    if (crashes)
        crashing_request(call);
    else
        request(call);
}

test::Answer Runner::send(const Call& call) {
    auto answer = world_.send(request_of(call));
    trace_.push_back(call.text() + " -> " + answer.outcome() + (answer.aborted ? " cut" : ""));
    return answer;
}

void Runner::request(const Call& call) {
    world_.clock().advance(std::chrono::milliseconds(17));
    auto after = state_;
    const auto expected = after.handle(call, world_.now_ms());
    const auto answer = send(call);
    const bool may_fail = faulty_requests_ > 0 || hurt_;
    if (faulty_requests_ > 0 && --faulty_requests_ == 0) world_.heal();
    if (may_fail && is_failure(answer)) {
        ++counts_.failures;
        if (may_change(call)) in_doubt(state_, after);
        return;
    }
    if (const auto wrong = differences(expected, answer); !wrong.empty())
        throw Mismatch(wrong + answer.body.substr(0, 1000));
    state_ = std::move(after);
    learn(call, answer);
}

void Runner::crashing_request(const Call& call) {
    trace_.push_back("power goes at change " + std::to_string(planned_crash_->nth));
    planned_crash_.reset();
    world_.clock().advance(std::chrono::milliseconds(17));
    const auto before = state_;
    auto after = state_;
    const auto expected = after.handle(call, world_.now_ms());
    const auto answer = send(call);
    const bool during = world_.crash();
    ++(during ? counts_.crashes_during : counts_.crashes_behind);
    trace_.emplace_back(during ? "power went during it" : "power went behind it");
    const bool may_fail = faulty_requests_ > 0 || hurt_;
    faulty_requests_ = 0;  // the disk is another one
    hurt_ = false;
    if (!during && !(may_fail && is_failure(answer))) {
        if (const auto wrong = differences(expected, answer); !wrong.empty())
            throw Mismatch(wrong + answer.body.substr(0, 1000));
        state_ = std::move(after);
        learn(call, answer);
        return settle({state_}, "the crash");
    }
    settle({before, after}, "the crash");
}

void Runner::learn(const Call& call, const test::Answer& answer) {
    if (answer.status != 200) return;
    if (call.method == "POST" && call.parameter("uploads"))
        state_.name_upload(answer.element("UploadId"));
    const bool is_list = call.method == "GET" && call.key.empty() && !call.bucket.empty() &&
                         !call.parameter("location");
    if (is_list) go_on_with_list(call, answer);
}

void Runner::go_on_with_list(const Call& call, const test::Answer& answer) {
    const bool uploads = call.parameter("uploads").has_value();
    const bool v2 = call.parameter("list-type").has_value();
    auto& open = uploads ? lists_.uploads : v2 ? lists_.objects_v2 : lists_.objects;
    const auto leaves = flattened(answer.body);
    open.reset();
    if (leaves.at("IsTruncated") != "true") return;
    auto next = call;
    std::erase_if(next.query, [](const auto& item) {
        return item.first == "marker" || item.first == "continuation-token" ||
               item.first == "key-marker" || item.first == "upload-id-marker" ||
               item.first == "encoding-type";
    });
    if (call.parameter("encoding-type")) {
        // Names in it would have to be decoded first; tokens are never encoded.
        if (!v2) return;
        next.query.emplace_back("encoding-type", "url");
    }
    if (uploads) {
        next.query.emplace_back("key-marker", leaves.at("NextKeyMarker"));
        next.query.emplace_back("upload-id-marker", leaves.at("NextUploadIdMarker"));
    } else if (v2) {
        state_.name_token(leaves.at("NextContinuationToken"));
        next.query.emplace_back("continuation-token", leaves.at("NextContinuationToken"));
    } else {
        const auto marker = leaves.find("NextMarker");
        const auto keys = answer.elements("Key");
        if (marker == leaves.end() && keys.empty()) return;
        next.query.emplace_back("marker", marker == leaves.end() ? keys.back() : marker->second);
    }
    open = std::move(next);
}

void Runner::collect_garbage() {
    trace_.emplace_back("the reclaimer's turn");
    world_.collect_garbage();
    state_.forget_ended(world_.now_ms());
}

void Runner::restart(bool clean) {
    ++counts_.restarts;
    world_.heal();
    faulty_requests_ = 0;
    hurt_ = false;
    world_.restart(clean);
    trace_.emplace_back(clean ? "a clean restart" : "a kill and a start");
    settle({state_}, "the restart");
}

void Runner::plan_fault(Choices choose) {
    constexpr std::array operations{"pwrite", "sync_data",      "",        "open",
                                    "pread",  "sync_directory", "allocate"};
    constexpr std::array codes{EIO, ENOSPC};
    World::Fault fault;
    fault.operation = choose.of(operations);
    fault.code = choose.of(codes);
    fault.nth = 1 + choose.below(choose.chance(30) ? 6 : 2);
    fault.for_ever = choose.chance(30);
    planned_fault_ = fault;
}

void Runner::arm_planned_fault(const Call& call) {
    if (!planned_fault_ || faulty_requests_ > 0) return;
    const auto fault = *std::exchange(planned_fault_, std::nullopt);
    if (!world_.arm_fault(fault)) return;
    faulty_requests_ = 1 + static_cast<int>(call.key.size() % 3);
    hurt_ = true;
    trace_.push_back(text_of(fault));
}

/// The request was answered with a failure: it may have been done. What is seen once the engine
/// takes writes again picks the state, for ever (P5).
void Runner::in_doubt(const Reference& before, const Reference& after) {
    heal();
    settle({before, after}, "a failure");
}

void Runner::heal() {
    world_.heal();
    faulty_requests_ = 0;
    if (const auto still = world_.resume())
        throw Mismatch("the engine takes no writes although the disk is well: " + *still);
}

/// A planned crash or fault comes while it is done, when there is one. The work may fail then; what
/// is stored stays what it is.
void Runner::look_after_engine(World::Work work, const char* what) {
    ++counts_.upkeep;
    trace_.emplace_back(what);
    heal();
    const auto crash = std::exchange(planned_crash_, std::nullopt);
    if (crash && world_.arm_crash(crash->nth, crash->seed)) {
        static_cast<void>(world_.carry_out(work));
        ++(world_.crash() ? counts_.crashes_during : counts_.crashes_behind);
        trace_.emplace_back("power went");
        hurt_ = false;  // the disk is another one
        return settle({state_}, std::string(what) + " and a crash");
    }
    const auto fault = std::exchange(planned_fault_, std::nullopt);
    if (fault && world_.arm_fault(*fault)) {
        trace_.push_back(text_of(*fault));
        hurt_ = true;
        static_cast<void>(world_.carry_out(work));
        heal();
        return settle({state_}, std::string(what) + " on a failing disk");
    }
    if (const auto wrong = world_.carry_out(work); !wrong.empty())
        throw Mismatch(std::string(what) + ": " + wrong);
    settle({state_}, what);
}

void Runner::settle(std::vector<Reference> candidates, const std::string& after_what) {
    std::string wrong;
    for (auto& candidate : candidates) {
        const auto found = whole_state(candidate);
        if (found.empty()) {
            state_ = std::move(candidate);
            since_check_ = 0;
            return;
        }
        wrong += "- " + found;
    }
    throw Mismatch("the state after " + after_what + " is none of the allowed:\n" + wrong);
}

void Runner::check_whole() {
    since_check_ = 0;
    const auto wrong = whole_state(state_);
    if (!wrong.empty()) throw Mismatch("the whole state: " + wrong);
}

std::string Runner::ask(Reference& candidate, const Call& call) {
    const auto expected = candidate.handle(call, world_.now_ms());
    const auto wrong = differences(expected, world_.send(request_of(call)));
    return wrong.empty() ? "" : call.text() + ": " + wrong;
}

std::string Runner::whole_state(Reference& candidate) {
    auto wrong = ask(candidate, {.method = "GET"});
    for (const auto& name : bucket_names) {
        if (!wrong.empty()) return wrong;
        wrong += ask(candidate, {.method = "GET", .bucket = name});
        const auto bucket = candidate.buckets().find(name);
        if (bucket == candidate.buckets().end()) continue;
        const Call list{.method = "GET", .bucket = name, .query = {{"uploads", ""}}};
        const auto listed = flattened(world_.send(request_of(list)).body);
        for (const auto& leaf : listed) {  // ids that a crash kept from the client
            const std::string& path = leaf.first;
            const std::string& id = leaf.second;
            const auto at = path.find("]/UploadId");
            if (at == std::string::npos) continue;
            const auto& uploads = bucket->second.uploads;
            const bool known = std::any_of(uploads.begin(), uploads.end(),
                                           [&](const Upload& u) { return u.id == id; });
            if (!known) candidate.name_upload(name, listed.at(path.substr(0, at) + "]/Key"), id);
        }
        wrong += ask(candidate, list);
        for (const auto& [key, object] : bucket->second.objects)
            wrong += ask(candidate, {.method = "GET",
                                     .bucket = name,
                                     .key = key,
                                     .headers = {{"x-amz-checksum-mode", "ENABLED"}}});
        for (const auto& [key, object] : bucket->second.objects)
            if (!object.parts.empty())
                wrong += ask(candidate, {.method = "GET",
                                         .bucket = name,
                                         .key = key,
                                         .query = {{"attributes", ""}},
                                         .headers = {{"x-amz-object-attributes",
                                                      "Checksum,ObjectParts,StorageClass"}}});
        for (const auto& upload : bucket->second.uploads)
            wrong += ask(candidate, {.method = "GET",
                                     .bucket = name,
                                     .key = upload.key,
                                     .query = {{"uploadId", upload.id}}});
    }
    if (wrong.empty()) wrong = check_stored(world_);
    return wrong;
}

}  // namespace holdfast::model_test
