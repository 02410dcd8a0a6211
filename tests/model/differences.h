/// Where an answer of the server is not what the model demands. threads: any.
#pragma once

#include <map>
#include <string>

#include "tests/component/s3/request.h"
#include "tests/model/call.h"

namespace holdfast::model_test {

/// Leaves of an XML document by path, as in Expected::document.
std::map<std::string, std::string> flattened(const std::string& xml);

/// One line for each; empty when the answer is right. Compared are the status, every header but
/// those of HTTP itself and the request's ids, every leaf of a document but an error's words for
/// people, and every byte of an object.
std::string differences(const Expected& expected, const test::Answer& answer);

}  // namespace holdfast::model_test
