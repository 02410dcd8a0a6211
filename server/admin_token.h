/// The token of the admin API: from the settings, or the file `admin-token` of the data directory,
/// made at the first start (mode 0600). Format: docs/format/root-files.md. threads: one.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/vfs.h"
#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

std::string admin_token_path(const std::string& directory);

/// What the server asks for. With the memory engine, and on a start that writes nothing, it is what
/// settings and file say, else empty. REQUIRES: the caller holds the data directory's lock.
/// errors: data_unusable.
Result<base::Secret> open_admin_token(const config::Settings& settings, base::Vfs& vfs,
                                      base::Random& random);

/// What a command sends to a running server: from the same places, and makes nothing.
/// errors: usage (there is none to be found).
Result<base::Secret> find_admin_token(const config::Settings& settings, base::Vfs& vfs);

}  // namespace holdfast::server
