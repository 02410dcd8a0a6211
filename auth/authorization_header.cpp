#include "auth/authorization_header.h"

#include <algorithm>
#include <array>

#include "auth/failures.h"
#include "auth/text.h"

namespace holdfast::auth {

namespace {

AuthError malformed(std::string_view why) {
    return failure(AuthCode::authorization_header_malformed,
                   text_of("The authorization header is malformed; ", why));
}

struct Component {
    std::string_view name;
    std::string_view value;
    bool present = false;
};

/// An unknown name is not remembered: the component whose place it took is what is missing.
Result<void> take_component(std::array<Component, 3>& components, std::string_view part) {
    const auto malformed_part = text_of("the authorization component \"", part, "\" is malformed.");
    auto value = part;
    const auto name = take_until(value, '=');
    if (name.size() == part.size()) return malformed(malformed_part);
    for (auto& component : components) {
        if (component.name != name) continue;
        if (component.present) return malformed(malformed_part);
        component.value = value;
        component.present = true;
    }
    return {};
}

}  // namespace

Result<Claim> parse_authorization(std::string_view text, std::string_view region) {
    std::array<Component, 3> components{
        {{"Credential", {}}, {"SignedHeaders", {}}, {"Signature", {}}}};
    if (std::count(text.begin(), text.end(), ',') != 2)
        return malformed(
            "the authorization header requires three components: Credential, SignedHeaders, and "
            "Signature.");
    for (std::size_t i = 0; i < components.size(); ++i) {
        auto taken = take_component(components, trim(take_until(text, ',')));
        if (!taken) return std::move(taken).error();
    }
    for (const auto& component : components)
        if (!component.present) return malformed(text_of("missing ", component.name, "."));
    auto credential = parse_credential_scope(components[0].value, region);
    if (!credential) {
        auto error = malformed(credential.error().text);
        return credential.error().wrong_region ? with(std::move(error), "Region", region) : error;
    }
    return Claim{*credential, {}, components[1].value, components[2].value, false};
}

}  // namespace holdfast::auth
