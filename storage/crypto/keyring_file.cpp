#include "storage/crypto/keyring_file.h"

#include <openssl/crypto.h>

#include <array>
#include <cerrno>

namespace holdfast::storage::crypto {

namespace {

constexpr unsigned owner_only = 0600;

KeyError io_error(const base::IoError& error) {
    return {KeyError::Kind::io, "keyring: " + error.message()};
}

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

MasterKeys make_master_keys(base::Random& random) {
    std::string bytes(32, '\0');
    random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    base::Secret key(std::move(bytes));
    MasterKeys keys;
    keys.active_id = master_key_id(key);
    keys.by_id.emplace(keys.active_id, std::move(key));
    return keys;
}

base::IoResult<void> write_new_file(base::Vfs& vfs, const std::string& path,
                                    base::ByteView content) {
    auto file = vfs.open(path, base::OpenMode::create_exclusive, owner_only);
    if (!file) return std::move(file).error();
    if (auto written = (*file)->pwrite(0, content); !written) return written;
    return (*file)->sync_data();
}

/// Gives the file its name, which must be free. A rename would replace a keyring that is there.
base::IoResult<void> publish(base::Vfs& vfs, const std::string& beside, const std::string& path,
                             base::ByteView content) {
    if (auto written = write_new_file(vfs, beside, content); !written) return written;
    return vfs.link(beside, path);
}

}  // namespace

KeyResult<MasterKeys> load_keyring_file(base::Vfs& vfs, const std::string& path, KeyringUse use) {
    // Also of a file that was there: who made it may have been killed before its name was durable,
    // and from here on data depends on it.
    const auto synced = vfs.sync_directory(directory_of(path));
    if (!synced && (use == KeyringUse::first || synced.error().code != EROFS))
        return io_error(synced.error());
    // What the page cache says of a file that was just made proves nothing.
    const auto mode = use == KeyringUse::first ? base::OpenMode::read_medium : base::OpenMode::read;
    auto content = base::read_file(vfs, path, keyring_file_bytes_max, mode);
    if (!content) return io_error(content.error());
    auto keys = parse_keyring(base::as_text(*content));
    OPENSSL_cleanse(content->data(), content->size());
    if (!keys) return KeyError{keys.error().kind, path + ": " + keys.error().detail};
    return keys;
}

KeyResult<MasterKeys> create_keyring_file(base::Vfs& vfs, const std::string& path,
                                          base::Random& random) {
    const MasterKeys made = make_master_keys(random);
    std::array<std::uint8_t, 8> unique{};
    random.fill(unique);
    const std::string beside = path + ".new-" + base::to_hex(unique);

    const base::Secret text = format_keyring(made);
    const auto published = publish(vfs, beside, path, base::as_bytes(text.reveal()));
    const auto removed = vfs.unlink(beside);
    const bool taken = !published && published.error().code == EEXIST;
    if (!published && !taken) return io_error(published.error());
    if (!removed && removed.error().code != ENOENT) return io_error(removed.error());

    auto loaded = load_keyring_file(vfs, path, KeyringUse::first);
    if (loaded && !taken && !loaded->by_id.contains(made.active_id))
        return KeyError{KeyError::Kind::damaged, path + ": reads back differently"};
    return loaded;
}

}  // namespace holdfast::storage::crypto
