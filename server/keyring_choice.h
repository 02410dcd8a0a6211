/// Which master keys the data is read and written with: out of the settings, out of a file, or (for
/// data that is forgotten with the process) fresh ones.
///
/// The data directory remembers the id of the master key it began with (`keyring-id`), so that a
/// lost or foreign keyring stops the start instead of making every object look damaged.
/// REQUIRES: the caller holds the data directory's lock. threads: one.
/// source: spec durability 2.3.7; docs/format/root-files.md.
#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "base/vfs.h"
#include "config/settings.h"
#include "server/failure.h"
#include "storage/crypto/keyring.h"

namespace holdfast::server {

/// The keyring of `settings.storage_directory`; its file is made when no data can need another one.
/// errors: data_unusable, usage (a master key that is none).
Result<std::unique_ptr<storage::crypto::Keyring>> open_keyring(const config::Settings& settings,
                                                               base::Vfs& vfs,
                                                               base::Random& random);

/// Of a fresh key, or of the settings' one.
Result<std::unique_ptr<storage::crypto::Keyring>> make_transient_keyring(
    const config::Settings& settings, base::Random& random);

}  // namespace holdfast::server
