/// The request of each kind of command, from its choices and the state of the model. threads: one.
#pragma once

#include <cstdint>

#include "tests/model/call.h"
#include "tests/model/command.h"
#include "tests/model/reference.h"

namespace holdfast::model_test {

Call put_call(Choices& choose, const Reference& state);
Call read_call(const char* method, Choices& choose, const Reference& state, std::int64_t now_ms);
Call copy_call(Choices& choose, const Reference& state, std::int64_t now_ms);
Call remove_call(Choices& choose, const Reference& state);
Call remove_many_call(Choices& choose, const Reference& state);
Call attributes_call(Choices& choose, const Reference& state);

Call list_call(bool v2, Choices& choose, const OpenLists& lists);
Call list_uploads_call(Choices& choose, const Reference& state, const OpenLists& lists);
Call list_parts_call(Choices& choose, const Reference& state);

Call create_upload_call(Choices& choose);
Call put_part_call(Choices& choose, const Reference& state);
Call copy_part_call(Choices& choose, const Reference& state, std::int64_t now_ms);
Call complete_call(Choices& choose, const Reference& state);

}  // namespace holdfast::model_test
