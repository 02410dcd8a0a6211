/// Who the root account is and which key it has: from the data directory, the settings, or fresh.
/// threads: one to open; the source any.
#pragma once

#include <memory>
#include <string>

#include "auth/credentials.h"
#include "base/random.h"
#include "base/vfs.h"
#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

struct RootIdentity {
    auth::Credential credential;
    bool made = false;             ///< the key, by this start: the secret has never been shown
    std::string credentials_path;  ///< where the key is kept; empty: nowhere, or in the settings
};

/// The account's ids always come from the data directory (made once), the key from the settings if
/// they have one. With the memory engine everything is fresh. errors: data_unusable.
Result<RootIdentity> open_root_identity(const config::Settings& settings, base::Vfs& vfs,
                                        base::Random& random);

/// Knows the root account's key and no other.
class RootCredentialSource final : public auth::CredentialSource {
public:
    explicit RootCredentialSource(auth::Credential credential)
        : credential_(std::make_shared<const auth::Credential>(std::move(credential))) {}
    [[nodiscard]] std::shared_ptr<const auth::Credential> find(
        std::string_view access_key_id) const override {
        return access_key_id == credential_->access_key_id ? credential_ : nullptr;
    }

private:
    std::shared_ptr<const auth::Credential> credential_;
};

}  // namespace holdfast::server
