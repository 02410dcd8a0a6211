/// Where access keys come from. `auth` declares what it needs; `server` plugs in who has it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::auth {

struct Account {
    std::string account_id;    ///< 12 digits
    std::string canonical_id;  ///< 64 hexadecimal digits
    std::string display_name;
};

struct Credential {
    std::string access_key_id;
    base::Secret secret_key;
    Account account;
};

class CredentialSource {
public:
    virtual ~CredentialSource() = default;
    /// Null when unknown. threads: any; answers from memory.
    [[nodiscard]] virtual std::shared_ptr<const Credential> find(
        std::string_view access_key_id) const = 0;
};

}  // namespace holdfast::auth
