#include "server/root_identity.h"

#include "server/credentials_file.h"

namespace holdfast::server {

namespace {

bool keeps_nothing(const config::Settings& settings) {
    return settings.storage_engine == "memory";
}

Result<auth::Account> account(const config::Settings& settings, base::Vfs& vfs,
                              base::Random& random) {
    if (keeps_nothing(settings)) return make_root_account(random);
    return open_root_account(vfs, settings.storage_directory, random);
}

Result<OpenedKey> key(const config::Settings& settings, base::Vfs& vfs, base::Random& random) {
    if (!settings.root_access_key.empty())
        return OpenedKey{{settings.root_access_key, settings.root_secret_key}, false};
    if (keeps_nothing(settings)) return OpenedKey{make_access_key(random), true};
    return open_root_credentials(vfs, settings.storage_directory, random);
}

}  // namespace

Result<RootIdentity> open_root_identity(const config::Settings& settings, base::Vfs& vfs,
                                        base::Random& random) {
    auto root = account(settings, vfs, random);
    if (!root) return std::move(root).error();
    auto opened = key(settings, vfs, random);
    if (!opened) return std::move(opened).error();
    RootIdentity identity;
    identity.credential = {std::move(opened->key.id), std::move(opened->key.secret),
                           *std::move(root)};
    identity.made = opened->made;
    if (settings.root_access_key.empty() && !keeps_nothing(settings))
        identity.credentials_path = root_credentials_path(settings.storage_directory);
    return identity;
}

}  // namespace holdfast::server
