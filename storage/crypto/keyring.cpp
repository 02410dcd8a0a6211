#include "storage/crypto/keyring.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "storage/crypto/aead.h"
#include "storage/crypto/hkdf.h"
#include "storage/crypto/keyring_file.h"
#include "storage/crypto/master_keys.h"
#include "storage/crypto/sha256.h"

namespace holdfast::storage::crypto {

namespace {

// A wrapped key: version, id of the master key, nonce, ciphertext and tag, and the first bytes of
// the SHA-256 of all that. The last makes damage visible without any key, so that what is whole and
// still does not open was wrapped by another key or for another context.
constexpr std::uint8_t wrapped_version = 1;
constexpr std::size_t id_at = 1;
constexpr std::size_t id_bytes = 4;
constexpr std::size_t salt_at = id_at + id_bytes;
constexpr std::size_t salt_bytes = 24;
constexpr std::size_t sealed_at = salt_at + salt_bytes;
constexpr std::size_t sealed_bytes = aead_key_bytes + aead_tag_bytes;
constexpr std::size_t check_at = sealed_at + sealed_bytes;
constexpr std::size_t check_bytes = 4;
constexpr std::size_t wrapped_bytes = check_at + check_bytes;

/// Version and master key id, then the context: neither can be exchanged.
base::Bytes associated_data(base::ByteView wrapped, std::string_view context) {
    base::Bytes associated(wrapped.begin(), wrapped.begin() + salt_at);
    const auto bytes = base::as_bytes(context);
    associated.insert(associated.end(), bytes.begin(), bytes.end());
    return associated;
}

/// Used for one wrapped key only, so its nonce may be constant.
Aead wrapping_cipher(const base::Secret& master_key, base::ByteView salt) {
    DerivedKey key;
    hkdf_sha256(base::as_bytes(master_key.reveal()), salt, "holdfast wrapped key v1", key);
    return Aead(key.bytes());
}
constexpr Nonce wrapping_nonce{};

bool check_matches(base::ByteView wrapped) {
    const auto digest = sha256(wrapped.first(wrapped.size() - check_bytes));
    const auto stored = wrapped.last(check_bytes);
    return std::equal(stored.begin(), stored.end(), digest.begin());
}

std::optional<KeyError> check_wrapped(base::ByteView wrapped) {
    if (wrapped.size() <= check_bytes || !check_matches(wrapped))
        return KeyError{KeyError::Kind::damaged, "a wrapped data key is damaged"};
    if (wrapped[0] != wrapped_version || wrapped.size() != wrapped_bytes)
        return KeyError{KeyError::Kind::malformed, "a wrapped data key is of version " +
                                                       std::to_string(wrapped[0]) +
                                                       "; this program reads version 1"};
    return std::nullopt;
}

class LocalKeyring final : public Keyring {
public:
    LocalKeyring(MasterKeys keys, base::Random& random) : keys_(std::move(keys)), random_(random) {}

    DataKey make_data_key() override {
        std::string bytes(aead_key_bytes, '\0');
        random_.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
        return DataKey(std::move(bytes));
    }

    WrappedKey wrap(const DataKey& key, std::string_view context) override {
        HF_ASSERT(key.reveal().size() == aead_key_bytes);
        WrappedKey wrapped(wrapped_bytes);
        wrapped[0] = wrapped_version;
        const auto id = base::from_hex(keys_.active_id);
        HF_ASSERT(id && id->size() == id_bytes);
        std::copy(id->begin(), id->end(), wrapped.begin() + id_at);
        const auto salt = base::ByteSpan(wrapped).subspan(salt_at, salt_bytes);
        random_.fill(salt);

        Aead aead = wrapping_cipher(keys_.by_id.find(keys_.active_id)->second, salt);
        aead.seal(wrapping_nonce, associated_data(wrapped, context), base::as_bytes(key.reveal()),
                  base::ByteSpan(wrapped).subspan(sealed_at, sealed_bytes));
        const auto digest = sha256(base::ByteView(wrapped).first(check_at));
        std::copy_n(digest.begin(), check_bytes, wrapped.begin() + check_at);
        return wrapped;
    }

    KeyResult<DataKey> unwrap(base::ByteView wrapped, std::string_view context) override {
        if (auto error = check_wrapped(wrapped)) return *std::move(error);
        const std::string id = base::to_hex(wrapped.subspan(id_at, id_bytes));
        const auto master = keys_.by_id.find(id);
        if (master == keys_.by_id.end())
            return KeyError{KeyError::Kind::no_such_master_key,
                            "the keyring has no master key " + id};

        std::string bytes(aead_key_bytes, '\0');
        Aead aead = wrapping_cipher(master->second, wrapped.subspan(salt_at, salt_bytes));
        const base::ByteSpan plain(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
        if (!aead.open(wrapping_nonce, associated_data(wrapped, context),
                       wrapped.subspan(sealed_at, sealed_bytes), plain))
            return KeyError{KeyError::Kind::wrong_key,
                            "a data key was wrapped for another object or by another key that is "
                            "also named " +
                                id};
        return DataKey(std::move(bytes));
    }

    std::string active_key_id() const override { return keys_.active_id; }
    bool has_key(std::string_view key_id) const override { return keys_.by_id.contains(key_id); }

private:
    const MasterKeys keys_;
    base::Random& random_;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white_space = " \t\r\n";
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

}  // namespace

KeyResult<std::unique_ptr<Keyring>> Keyring::open(base::Vfs& vfs, const std::string& path,
                                                  base::Random& random, bool create_if_missing) {
    const auto exists = vfs.exists(path);
    if (!exists) return KeyError{KeyError::Kind::io, "keyring: " + exists.error().message()};
    const auto use = create_if_missing ? KeyringUse::first : KeyringUse::again;
    auto keys = *exists || !create_if_missing ? load_keyring_file(vfs, path, use)
                                              : create_keyring_file(vfs, path, random);
    if (!keys) return std::move(keys).error();
    return std::unique_ptr<Keyring>(std::make_unique<LocalKeyring>(*std::move(keys), random));
}

KeyResult<std::unique_ptr<Keyring>> Keyring::from_text(const base::Secret& base64_key,
                                                       base::Random& random) {
    auto key = parse_master_key(trimmed(base64_key.reveal()));
    if (!key) return KeyError{KeyError::Kind::malformed, "a master key is the base64 of 32 bytes"};
    MasterKeys keys;
    keys.active_id = master_key_id(*key);
    keys.by_id.emplace(keys.active_id, *std::move(key));
    return std::unique_ptr<Keyring>(std::make_unique<LocalKeyring>(std::move(keys), random));
}

}  // namespace holdfast::storage::crypto
