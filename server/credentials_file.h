/// The root account and its access key in the data directory: made once, mode 0600, read again at
/// every start. Formats: docs/format/root-files.md.
///
/// Two files, so that the key can be replaced (delete root-credentials) without the buckets losing
/// their owner. REQUIRES: the caller holds the data directory's lock. threads: one.
/// source: spec auth I-03, S-10.
#pragma once

#include <string>

#include "auth/credentials.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/vfs.h"
#include "server/failure.h"

namespace holdfast::server {

struct AccessKey {
    std::string id;
    base::Secret secret;
};

/// 12 digits and 64 hexadecimal digits of their own randomness: neither says anything about the
/// other, or about a key.
auth::Account make_root_account(base::Random& random);
/// "AKIA" and 16 of [A-Z2-7]; 40 characters of 240 random bits.
AccessKey make_access_key(base::Random& random);

/// directory/root-account, made when it is not there. errors: data_unusable.
Result<auth::Account> open_root_account(base::Vfs& vfs, const std::string& directory,
                                        base::Random& random);

struct OpenedKey {
    AccessKey key;
    bool made = false;  ///< by this call: the secret has never been shown
};
std::string root_credentials_path(const std::string& directory);
/// directory/root-credentials, made when it is not there. errors: data_unusable.
Result<OpenedKey> open_root_credentials(base::Vfs& vfs, const std::string& directory,
                                        base::Random& random);

}  // namespace holdfast::server
