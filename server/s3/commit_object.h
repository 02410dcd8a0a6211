/// The last step of PutObject and CopyObject. threads: one event loop.
#pragma once

#include "server/s3/conditions.h"
#include "server/s3/context.h"

namespace holdfast::s3 {

/// Before a body is sent or copied that would be refused anyway; decided again in the commit.
base::Awaitable<Result<base::Unit>> check_beforehand(Context& context,
                                                     const WriteConditions& conditions);

/// Puts the object in place of what the request's key had. The conditions are decided at the very
/// instant of the commit (operations 7.1). The body is given back when it fails.
base::Awaitable<Result<base::Unit>> commit_object(Context& context, records::Object object,
                                                  catalog::BodyWriter::Finished body,
                                                  const WriteConditions& conditions);

}  // namespace holdfast::s3
