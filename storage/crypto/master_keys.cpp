#include "storage/crypto/master_keys.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "storage/crypto/aead.h"
#include "storage/crypto/hkdf.h"
#include "storage/crypto/sha256.h"

namespace holdfast::storage::crypto {

namespace {

constexpr std::string_view magic = "holdfast keyring ";
constexpr std::string_view version = "1";
constexpr std::string_view seal_word = "sha256 ";
constexpr std::size_t seal_bytes = seal_word.size() + 64 + 1;
constexpr std::size_t id_bytes = 8;

KeyError damaged(std::string detail) {
    return {KeyError::Kind::damaged, std::move(detail)};
}

/// Cuts the first line off, without its line feed.
std::string_view take_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

bool take_word(std::string_view& line, std::string_view word) {
    if (!line.starts_with(word)) return false;
    line.remove_prefix(word.size());
    return true;
}

/// "<id> <base64>". The id follows from the key, so a line that was edited by hand is noticed.
bool add_key(std::string_view line, MasterKeys& keys) {
    if (line.size() <= id_bytes || line[id_bytes] != ' ') return false;
    auto key = parse_master_key(line.substr(id_bytes + 1));
    if (!key || master_key_id(*key) != line.substr(0, id_bytes)) return false;
    return keys.by_id.emplace(line.substr(0, id_bytes), *std::move(key)).second;
}

bool add_line(std::string_view line, MasterKeys& keys) {
    if (take_word(line, "key ")) return add_key(line, keys);
    if (!take_word(line, "active ") || !keys.active_id.empty()) return false;
    keys.active_id = line;
    return true;
}

}  // namespace

std::string master_key_id(const base::Secret& key) {
    DerivedKey derived;
    hkdf_sha256(base::as_bytes(key.reveal()), {}, "holdfast master key id v1", derived);
    return base::to_hex(base::ByteView(derived.bytes()).first(id_bytes / 2));
}

std::optional<base::Secret> parse_master_key(std::string_view base64) {
    auto bytes = base::from_base64(base64);
    if (!bytes) return std::nullopt;
    std::optional<base::Secret> key;
    if (bytes->size() == aead_key_bytes) key.emplace(std::string(base::as_text(*bytes)));
    OPENSSL_cleanse(bytes->data(), bytes->size());
    return key;
}

base::Secret format_keyring(const MasterKeys& keys) {
    std::string text;
    text.reserve(keyring_file_bytes_max);  // no copies of keys left behind by growing
    text += magic;
    text += version;
    text += '\n';
    for (const auto& [id, key] : keys.by_id) {
        std::string base64 = base::to_base64(base::as_bytes(key.reveal()));
        text += "key " + id + ' ';
        text += base64;
        text += '\n';
        OPENSSL_cleanse(base64.data(), base64.size());
    }
    text += "active " + keys.active_id + '\n';
    const auto seal = sha256(base::as_bytes(text));
    text += seal_word;
    text += base::to_hex(seal);
    text += '\n';
    return base::Secret(std::move(text));
}

KeyResult<MasterKeys> parse_keyring(std::string_view text) {
    std::string_view rest = text;
    std::string_view first = take_line(rest);
    if (!take_word(first, magic))
        return KeyError{KeyError::Kind::malformed, "this is not a keyring file"};
    if (first != version)
        return KeyError{KeyError::Kind::malformed, "the keyring is of version " +
                                                       std::string(first.substr(0, 16)) +
                                                       "; this program reads version 1"};
    if (rest.size() < seal_bytes) return damaged("the keyring file is cut short");

    const auto sealed = text.substr(0, text.size() - seal_bytes);
    const std::string expected =
        std::string(seal_word) + base::to_hex(sha256(base::as_bytes(sealed))) + '\n';
    if (text.substr(sealed.size()) != expected)
        return damaged("the keyring file does not match its own SHA-256");

    MasterKeys keys;
    rest.remove_suffix(seal_bytes);
    while (!rest.empty())
        if (!add_line(take_line(rest), keys)) return damaged("the keyring file has a bad line");
    if (!keys.by_id.contains(keys.active_id)) return damaged("the keyring file has no active key");
    return keys;
}

}  // namespace holdfast::storage::crypto
