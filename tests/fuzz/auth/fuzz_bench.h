/// What the auth fuzz targets share: a verifier that knows one access key, and input cut into
/// pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/verifier.h"
#include "base/assert.h"
#include "base/clock.h"
#include "model/timestamp.h"

namespace holdfast::auth::fuzzing {

class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const char*>(data), size) {}

    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    /// Up to the next NUL, which no header and no request line can hold.
    std::string_view text() {
        const auto piece = rest_.substr(0, rest_.find('\0'));
        rest_.remove_prefix(std::min(piece.size() + 1, rest_.size()));
        return piece;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

class OneCredential final : public CredentialSource {
public:
    [[nodiscard]] std::shared_ptr<const Credential> find(std::string_view id) const override {
        return id == credential_->access_key_id ? credential_ : nullptr;
    }

private:
    std::shared_ptr<const Credential> credential_ = std::make_shared<Credential>(
        Credential{"AKIAIOSFODNN7EXAMPLE",
                   base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                   {"123456789012", std::string(64, 'c'), "root"}});
};

struct Bench {
    base::FakeClock clock{*model::parse_basic_date("20130524T000000Z")};
    OneCredential credentials;
    Verifier verifier{{}, credentials, clock};
};

/// Nobody can find a signature by chance: what is let in is anonymous, and anonymous is only what
/// has no credentials.
inline void must_not_be_root(const Result<Verified>& verified) {
    HF_ASSERT(!verified || verified->identity.anonymous());
}

}  // namespace holdfast::auth::fuzzing
