#include "server/keyring_choice.h"

#include <array>

#include "server/values_file.h"

namespace holdfast::server {

namespace {

using storage::crypto::KeyError;
using storage::crypto::Keyring;
using KeyringPtr = std::unique_ptr<Keyring>;

const ValuesLayout id_layout{"keyring-id", "# Holdfast keyring id, version 1", {"KEY_ID"}};

std::string keyring_path(const config::Settings& settings) {
    return settings.encryption_keyring_file.empty() ? path_in(settings.storage_directory, "keyring")
                                                    : settings.encryption_keyring_file;
}

std::string keyring_place(const config::Settings& settings) {
    return settings.encryption_master_key.empty() ? keyring_path(settings)
                                                  : "encryption.master_key";
}

Result<KeyringPtr> from_text(const base::Secret& key, base::Random& random) {
    auto keyring = Keyring::from_text(key, random);
    if (!keyring)
        return Failure{ExitCode::usage, "encryption.master_key: " + keyring.error().detail};
    return *std::move(keyring);
}

/// `remembered`: the id of the key that data was written with, or empty.
Result<KeyringPtr> from_file(const std::string& path, const std::string& remembered, base::Vfs& vfs,
                             base::Random& random) {
    auto keyring = Keyring::open(vfs, path, random, remembered.empty());
    if (keyring) return *std::move(keyring);
    std::string message = keyring.error().detail;
    if (keyring.error().kind == KeyError::Kind::io && !remembered.empty())
        message += "; the data was written with master key " + remembered + " of that file";
    return Failure{ExitCode::data_unusable, std::move(message)};
}

/// Empty when the directory has no data yet.
Result<std::string> remembered_id(base::Vfs& vfs, const std::string& directory) {
    auto values = read_values(vfs, directory, id_layout);
    if (!values) return std::move(values).error();
    return *values ? (**values)[0] : std::string();
}

}  // namespace

Result<KeyringPtr> make_transient_keyring(const config::Settings& settings, base::Random& random) {
    if (!settings.encryption_master_key.empty())
        return from_text(settings.encryption_master_key, random);
    std::array<std::uint8_t, 32> key{};
    random.fill(key);
    return from_text(base::Secret(base::to_base64(key)), random);
}

Result<KeyringPtr> open_keyring(const config::Settings& settings, base::Vfs& vfs,
                                base::Random& random) {
    const auto remembered = remembered_id(vfs, settings.storage_directory);
    if (!remembered) return remembered.error();
    auto keyring = settings.encryption_master_key.empty()
                       ? from_file(keyring_path(settings), *remembered, vfs, random)
                       : from_text(settings.encryption_master_key, random);
    if (!keyring) return keyring;
    if (remembered->empty()) {
        // Before the first object: from here on this directory belongs to this key.
        auto written =
            write_values(vfs, settings.storage_directory, id_layout, {(*keyring)->active_key_id()});
        if (!written) return std::move(written).error();
    } else if (!(*keyring)->has_key(*remembered)) {
        return Failure{ExitCode::data_unusable, keyring_place(settings) + ": lacks master key " +
                                                    *remembered +
                                                    ", which the data was written with"};
    }
    return keyring;
}

}  // namespace holdfast::server
