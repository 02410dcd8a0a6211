/// The operation table: what routing, admission, metrics labels, the access log, the NotImplemented
/// list and docs/support.md are derived from.
/// source: spec operations 1, 2.2; multipart section 2. threads: any.
#pragma once

#include <span>
#include <string_view>

#include "server/s3/context.h"

namespace holdfast::s3 {

/// What else selects a row beside method and level.
enum class Extra { none, copy_source, list_type_2 };

using Handler = Reply (*)(Context&);
/// IAM actions a request needs, by which parameters are present; decided before syntax (ORD-06).
using RequiredActions = std::vector<std::string_view> (*)(const Request&);

struct Operation {
    std::string_view name;
    std::string_view method;
    Level level;
    std::string_view selector;         ///< query name, or empty
    std::string_view second_selector;  ///< query name, or empty
    Extra extra = Extra::none;
    Handler handler = nullptr;  ///< null: answers 501 NotImplemented
    RequiredActions actions = nullptr;
    bool streaming_payload = false;  ///< aws-chunked modes are accepted (A-05)
    bool needs_bucket = true;        ///< the bucket must exist before anything else is looked at
    bool reads_body = false;         ///< the handler takes the body; any other one is only verified
};

std::span<const Operation> operations();

/// The row for a request. errors: the misroutes of spec multipart section 2 and
/// operations 2.2, 2.3.
Result<const Operation*> route(const Request& request);

/// docs/support.md.
std::string support_page();

}  // namespace holdfast::s3
