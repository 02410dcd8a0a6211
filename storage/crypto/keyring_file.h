/// The keyring file: read, or made once and never replaced. threads: one.
#pragma once

#include <string>

#include "base/random.h"
#include "base/vfs.h"
#include "storage/crypto/master_keys.h"

namespace holdfast::storage::crypto {

/// Whether data depends on the keyring from here on, or did before.
enum class KeyringUse { first, again };

/// Syncs the directory, then reads. Used again, a read-only file system need not sync it: nothing
/// depended on the file before its name was durable. errors: io (also when there is none and it may
/// not be made), malformed, damaged.
KeyResult<MasterKeys> load_keyring_file(base::Vfs& vfs, const std::string& path, KeyringUse use);

/// Makes the file with one fresh key: written beside under a name of its own, synced, linked to its
/// name (which fails when the name is taken), directory synced, and read back from the medium. A
/// file that somebody else made meanwhile is loaded instead. The directory must exist: a missing
/// one is more likely a volume that is not mounted than a first start.
KeyResult<MasterKeys> create_keyring_file(base::Vfs& vfs, const std::string& path,
                                          base::Random& random);

}  // namespace holdfast::storage::crypto
