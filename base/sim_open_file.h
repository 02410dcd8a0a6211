/// Open files of a SimVfs.
#pragma once

#include <memory>
#include <string>

#include "base/sim_state.h"

namespace holdfast::base {

/// Keeps the file also when its name is gone. The path is for messages only. threads: any.
std::unique_ptr<VfsFile> open_sim_file(std::shared_ptr<SimState> state, SimFilePtr file,
                                       std::string path, OpenMode mode);

}  // namespace holdfast::base
