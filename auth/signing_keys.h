/// Derived signing keys of the credentials in use: four HMACs saved on every request.
/// threads: any.
#pragma once

#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/credential_scope.h"
#include "auth/hashing.h"
#include "base/bytes.h"

namespace holdfast::auth {

class SigningKeys {
public:
    /// Holds at most `capacity` keys; when full it starts over.
    explicit SigningKeys(std::size_t capacity) : capacity_(capacity) {}

    struct Found {
        Hash key{};
        bool derived = false;  ///< it was not there
    };
    /// Belongs to this secret even if the access key had another one before.
    Found find(const CredentialScope& credential, const base::Secret& secret);

    [[nodiscard]] std::size_t size() const;

private:
    struct Entry {
        Entry(base::Secret of, const Hash& derived) : secret(std::move(of)), key(derived) {}
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry();
        base::Secret secret;
        Hash key;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    const std::size_t capacity_;
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
};

}  // namespace holdfast::auth
