/// What a failpoint asks the segment code to pretend, as an error of the file system.
#pragma once

#include <cerrno>
#include <optional>
#include <string>

#include "base/failpoint.h"
#include "base/vfs.h"

namespace holdfast::storage::local {

inline std::optional<base::IoError> as_io_error(base::Injected injected, const char* operation,
                                                const std::string& path) {
    if (injected == base::Injected::none) return std::nullopt;
    const int code = injected == base::Injected::enospc ? ENOSPC : EIO;
    return base::IoError{code, operation, path};
}

}  // namespace holdfast::storage::local
