/// The checksum that RocksDB keeps of each of its files in its manifest, and scrub compares: the
/// same value under the same name as RocksDB's own generator, "FileChecksumCrc32c". Debian's build
/// of RocksDB computes CRC32C by table, which was a tenth of what a small PUT costs.
///
/// threads: any.
#pragma once

#include <rocksdb/file_checksum.h>

#include <memory>

namespace holdfast::storage::local {

std::shared_ptr<rocksdb::FileChecksumGenFactory> make_file_checksum_factory();

}  // namespace holdfast::storage::local
