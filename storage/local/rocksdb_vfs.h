/// RocksDB's files on a base::Vfs, so that the index and the segments share one disk: the kernel's,
/// or in tests a simulated or failing one.
///
/// Syncs, range syncs and preallocation happen where RocksDB asks for them, on the same terms as in
/// its own POSIX file system; bytes go through uncopied. Threads and time stay RocksDB's own.
///
/// errors:  ENOSPC and EDQUOT become NoSpace, ENOENT PathNotFound, anything else IOError; each has
///          the call, the path and the errno in its text.
/// threads: any.
/// source:  spec durability 5.1.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "base/vfs.h"

namespace holdfast::storage::local {

/// The vfs must outlive it, and it every database opened with it.
std::unique_ptr<rocksdb::Env> make_rocksdb_env(base::Vfs& vfs);

}  // namespace holdfast::storage::local
