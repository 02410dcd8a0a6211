/// How a failure of the file system reads as a refusal to open.
#pragma once

#include <cerrno>

#include "base/vfs.h"
#include "storage/local/engine.h"

namespace holdfast::storage::local {

inline OpenError to_open_error(const base::IoError& error) {
    const auto kind = error.code == EROFS ? OpenError::Kind::read_only : OpenError::Kind::io;
    return OpenError{kind, error.message()};
}

}  // namespace holdfast::storage::local
