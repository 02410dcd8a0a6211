/// Who is asking. Only the verifier can make one, so a route without verification does not compile.
/// source: spec auth. threads: any.
#pragma once

#include <string>

namespace holdfast::auth {

class Verifier;

class Identity {
public:
    enum class Kind { anonymous, root };
    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool anonymous() const { return kind_ == Kind::anonymous; }
    /// Empty for anonymous.
    [[nodiscard]] const std::string& access_key_id() const { return access_key_id_; }
    /// 12 digits; empty for anonymous.
    [[nodiscard]] const std::string& account_id() const { return account_id_; }
    /// 64 hexadecimal digits; A-30's id for anonymous.
    [[nodiscard]] const std::string& canonical_id() const { return canonical_id_; }
    [[nodiscard]] const std::string& display_name() const { return display_name_; }
    [[nodiscard]] const std::string& arn() const { return arn_; }

private:
    friend class Verifier;
    Identity() = default;
    Kind kind_ = Kind::anonymous;
    std::string access_key_id_;
    std::string account_id_;
    std::string canonical_id_;
    std::string display_name_;
    std::string arn_;
};

}  // namespace holdfast::auth
