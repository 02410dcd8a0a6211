/// Whole directories with all that is in them. Links to elsewhere are never followed when something
/// is removed. threads: any; blocks.
#pragma once

#include <string>

#include "base/vfs.h"

namespace holdfast::storage::local {

/// Fine when nothing is there. What cannot be removed ends it.
base::IoResult<void> remove_tree(base::Vfs& vfs, const std::string& path);

/// Content and names of everything below, and not the directory's own name.
base::IoResult<void> sync_tree(base::Vfs& vfs, const std::string& directory);

}  // namespace holdfast::storage::local
