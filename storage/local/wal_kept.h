/// The log of the index that was set aside, kept for good when commits are given up. threads: one.
#pragma once

#include <string>

#include "base/vfs.h"

namespace holdfast::storage::local {

/// Renames what is set aside so that no start drops it. Where it is; empty when there is none.
base::IoResult<std::string> keep_log_aside(base::Vfs& vfs, const std::string& volume);

}  // namespace holdfast::storage::local
