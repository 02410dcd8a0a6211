#include "tests/model/command.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/model/calls.h"
#include "tests/model/choosing.h"

namespace holdfast::model_test {

namespace {

const std::array<const char*, kinds> names{
    "put",         "get",           "head",       "copy",          "remove",        "remove_many",
    "list",        "list_v2",       "attributes", "create_upload", "put_part",      "copy_part",
    "list_parts",  "list_uploads",  "complete",   "abort",         "create_bucket", "delete_bucket",
    "of_bucket",   "list_buckets",  "wait",       "restart",       "kill",          "collect",
    "flush_index", "compact_index", "move_blobs", "scrub",         "sweep",         "crash",
    "fault"};

Call bucket_call(Choices& choose) {
    Call call{.method = choose.below(2) == 0 ? "HEAD" : "GET", .bucket = choose_bucket(choose)};
    if (call.method == "GET") call.query.emplace_back("location", "");
    return call;
}

}  // namespace

std::size_t Choices::below(std::size_t count) {
    if (at_ == command_.choices.size()) return 0;
    return command_.choices[at_++] % count;
}

std::string text_of(const Command& command) {
    std::string text = names[static_cast<std::size_t>(command.kind)];
    auto last = command.choices.size();
    while (last > 0 && command.choices[last - 1] == 0) --last;
    for (std::size_t i = 0; i < last; ++i) text += " " + std::to_string(command.choices[i]);
    return text;
}

std::string text_of(const Commands& commands) {
    std::string text;
    for (const auto& command : commands) text += (text.empty() ? "" : ";") + text_of(command);
    return text;
}

Commands parse(const std::string& text) {
    Commands commands;
    std::istringstream whole(text);
    for (std::string one; std::getline(whole, one, ';');) {
        std::istringstream words(one);
        std::string name;
        words >> name;
        Command command;
        const auto kind = std::find(names.begin(), names.end(), name);
        if (kind == names.end()) throw std::invalid_argument("no such command: " + name);
        command.kind = static_cast<Kind>(kind - names.begin());
        for (auto& choice : command.choices) words >> choice;
        commands.push_back(command);
    }
    return commands;
}

bool makes_request(Kind kind) {
    return kind < Kind::wait;
}

Call call_of(const Command& command, const Reference& state, const OpenLists& lists,
             std::int64_t now_ms) {
    Choices choose(command);
    switch (command.kind) {
        case Kind::put:
            return put_call(choose, state);
        case Kind::get:
            return read_call("GET", choose, state, now_ms);
        case Kind::head:
            return read_call("HEAD", choose, state, now_ms);
        case Kind::copy:
            return copy_call(choose, state, now_ms);
        case Kind::remove:
            return remove_call(choose, state);
        case Kind::remove_many:
            return remove_many_call(choose, state);
        case Kind::list_objects:
            return list_call(false, choose, lists);
        case Kind::list_objects_v2:
            return list_call(true, choose, lists);
        case Kind::attributes:
            return attributes_call(choose, state);
        case Kind::create_upload:
            return create_upload_call(choose);
        case Kind::put_part:
            return put_part_call(choose, state);
        case Kind::copy_part:
            return copy_part_call(choose, state, now_ms);
        case Kind::list_parts:
            return list_parts_call(choose, state);
        case Kind::list_uploads:
            return list_uploads_call(choose, state, lists);
        case Kind::complete:
            return complete_call(choose, state);
        case Kind::abort: {
            const auto upload = choose_upload(choose, state);
            return {.method = "DELETE",
                    .bucket = upload.bucket,
                    .key = upload.key,
                    .query = {{"uploadId", upload.id}}};
        }
        case Kind::create_bucket:
            return {.method = "PUT", .bucket = choose.of(bucket_names)};
        case Kind::delete_bucket:
            return {.method = "DELETE", .bucket = choose.of(bucket_names)};
        case Kind::of_bucket:
            return bucket_call(choose);
        default:
            return {.method = "GET"};
    }
}

}  // namespace holdfast::model_test
