#include "auth/signing_keys.h"

#include <openssl/crypto.h>

#include <mutex>

#include "auth/verifier.h"

namespace holdfast::auth {

SigningKeys::Entry::~Entry() {
    OPENSSL_cleanse(key.data(), key.size());
}

SigningKeys::Found SigningKeys::find(const CredentialScope& credential,
                                     const base::Secret& secret) {
    const auto is_for = [&](const Entry& entry) {
        return base::equal_in_constant_time(base::as_bytes(entry.secret.reveal()),
                                            base::as_bytes(secret.reveal()));
    };
    {
        const std::shared_lock lock(mutex_);
        const auto at = entries_.find(credential.whole);
        if (at != entries_.end() && is_for(at->second)) return {at->second.key, false};
    }
    const Hash key = signing_key(secret, credential.date, credential.region, "s3");
    const std::unique_lock lock(mutex_);
    if (const auto at = entries_.find(credential.whole); at != entries_.end()) entries_.erase(at);
    // All at once: choosing the oldest would cost every request a write, deriving anew costs each
    // key a few microseconds a week.
    if (entries_.size() >= capacity_) entries_.clear();
    entries_.try_emplace(std::string(credential.whole), secret, key);
    return {key, true};
}

std::size_t SigningKeys::size() const {
    const std::shared_lock lock(mutex_);
    return entries_.size();
}

}  // namespace holdfast::auth
