/// What several kinds of requests choose alike: bodies, names, uploads, conditions, checksums. Each
/// takes its choices in a fixed order, or a history would be another one. threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tests/model/call.h"
#include "tests/model/command.h"
#include "tests/model/reference.h"

namespace holdfast::model_test {

extern const std::array<const char*, 7> algorithms;

ContentPtr choose_body(Choices& choose);
std::string choose_bucket(Choices& choose);
/// A key, a bit more often one that is there.
void choose_object(Choices& choose, const Reference& state, std::string& bucket, std::string& key);

/// Null when there is none.
const Object* object_of(const Reference& state, const std::string& bucket, const std::string& key);
/// In quotes; of no object, one that none has.
std::string etag_of(const Object* object);
std::string source_header(const std::string& bucket, const std::string& key);

/// A right or a wrong digest of the body, or none. `algorithm`: the upload's; may be empty.
void add_digest(Choices& choose, Call& call, const std::string& algorithm);
void add_properties(Choices& choose, Call& call);
void add_write_condition(Choices& choose, Call& call, const Object* current);
/// `prefix`: of the headers; that of a copy's source, or empty.
void add_read_condition(Choices& choose, Call& call, const std::string& prefix,
                        const Object* object, std::int64_t now_ms);

/// An upload as a request names it, with what the model knows of it.
struct Named {
    std::string bucket;
    std::string key;
    std::string id;
    const Upload* open = nullptr;
    const Ended* ended = nullptr;
};
Named choose_upload(Choices& choose, const Reference& state);

}  // namespace holdfast::model_test
