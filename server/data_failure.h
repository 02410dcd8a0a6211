/// How the program ends when the data directory fails it. threads: any.
#pragma once

#include "base/vfs.h"
#include "server/failure.h"
#include "storage/error.h"
#include "storage/local/engine.h"

namespace holdfast::server {

/// data_in_use or data_unusable.
Failure to_failure(const storage::local::OpenError& error);
/// data_unusable.
Failure to_failure(const storage::StorageError& error);
Failure to_failure(const base::IoError& error);

}  // namespace holdfast::server
