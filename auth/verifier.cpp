#include "auth/verifier.h"

#include <span>
#include <utility>

#include "auth/authorization_header.h"
#include "auth/canonical.h"
#include "auth/failures.h"
#include "auth/header_lookup.h"
#include "auth/limits.h"
#include "auth/mechanism.h"
#include "auth/payload_mode.h"
#include "auth/presigned_query.h"
#include "auth/request_date.h"
#include "auth/signature.h"
#include "auth/signed_headers.h"
#include "auth/signing_keys.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view anonymous_canonical_id = "65a011a29cdf8ec533ec3d1ccaae921c";

struct Attempt {
    const SignedRequest& request;
    std::span<const model::QueryItem> query;
    bool chunked_allowed;

    [[nodiscard]] const HeaderList& headers() const { return *request.headers; }
};

/// What the signature is made over.
struct SignedTexts {
    std::string canonical_request;
    std::string string_to_sign;
};

SignedTexts texts_of(const Attempt& attempt, const Claim& claim, const SignedHeaders& names,
                     std::string_view payload_hash) {
    SignedTexts texts;
    texts.canonical_request = canonical_request(attempt.request, attempt.query, names.names,
                                                payload_hash, claim.presigned);
    texts.string_to_sign =
        string_to_sign(claim.timestamp, claim.credential.scope, texts.canonical_request);
    return texts;
}

AuthError invalid_uri(const SignedRequest& request) {
    std::string uri(request.raw_path);
    if (!request.raw_query.empty()) uri.append("?").append(request.raw_query);
    return with(failure(AuthCode::invalid_uri), "URI", uri);
}

// One and the same key derivation for every refusal, so that its time does not tell whether the
// access key exists. The secret opens nothing: whatever comes out, the answer is a refusal.
Hash derive_for_nobody(const CredentialScope& credential) {
    static const base::Secret secret("there-is-no-access-key-with-this-secret.");
    return signing_key(secret, credential.date, credential.region, "s3");
}

AuthError refuse_unknown_key(const Attempt& attempt, const Claim& claim,
                             const SignedHeaders& names) {
    const auto texts = texts_of(attempt, claim, names, {});
    const auto signature = hmac_sha256(derive_for_nobody(claim.credential), texts.string_to_sign);
    static_cast<void>(signature_matches(claim.signature, signature));
    return with(failure(AuthCode::invalid_access_key_id), "AWSAccessKeyId",
                claim.credential.access_key_id);
}

/// No temporary credentials exist: a token belongs to no access key (#15, P-38).
bool has_token(const Attempt& attempt, const PresignedQuery* presigned) {
    return find_header(attempt.headers(), "x-amz-security-token").present() ||
           (presigned != nullptr && presigned->find(SecurityParameter::security_token));
}

/// #18 and the option `auth.require_tls_for_unsigned`.
Result<void> admit_payload(const Attempt& attempt, PayloadMode mode) {
    if (is_streaming(mode) && !attempt.chunked_allowed)
        return failure(AuthCode::invalid_request,
                       "The value of x-amz-content-sha256 header is invalid.");
    return {};
}

Result<void> admit_unsigned_payload(const Attempt& attempt, PayloadMode mode) {
    const bool is_unsigned =
        mode == PayloadMode::unsigned_payload || mode == PayloadMode::unsigned_chunks_trailer;
    const bool has_body = attempt.request.method == "PUT" || attempt.request.method == "POST";
    if (!is_unsigned || !has_body || attempt.request.tls) return {};
    return failure(AuthCode::invalid_request,
                   "A payload that is not covered by the signature is accepted over TLS only.");
}

}  // namespace

struct Verifier::State {
    VerifierOptions options;
    const CredentialSource& credentials;
    const base::Clock& clock;
    SigningKeys keys{signing_keys_max};

    static Identity anonymous_identity() {
        Identity identity;
        identity.canonical_id_ = anonymous_canonical_id;
        return identity;
    }

    static Identity identity_of(const Credential& credential) {
        Identity identity;
        identity.kind_ = Identity::Kind::root;
        identity.access_key_id_ = credential.access_key_id;
        identity.account_id_ = credential.account.account_id;
        identity.canonical_id_ = credential.account.canonical_id;
        identity.display_name_ = credential.account.display_name;
        identity.arn_ = text_of("arn:aws:iam::", credential.account.account_id, ":root");
        return identity;
    }

    static Verified verified_as(Identity identity, PayloadClaim payload, bool presigned) {
        return {std::move(identity),
                payload.mode,
                std::move(payload.sha256),
                std::nullopt,
                presigned,
                {},
                {}};
    }

    Result<Verified> anonymous(const Attempt& attempt) {
        auto payload = payload_of_anonymous(attempt.headers());
        if (!payload) return std::move(payload).error();
        auto admitted = admit_payload(attempt, payload->mode);
        if (!admitted) return std::move(admitted).error();
        return verified_as(anonymous_identity(), std::move(*payload), false);
    }

    Result<Verified> header_signed(const Attempt& attempt, std::string_view authorization) {
        auto claim = parse_authorization(authorization, options.region);
        if (!claim) return std::move(claim).error();
        auto dated = read_request_date(*claim, attempt.headers(), clock.wall());
        if (!dated) return std::move(dated).error();
        return admit(attempt, *claim, nullptr);
    }

    Result<Verified> presigned(const Attempt& attempt) {
        auto query = read_presigned_query(attempt.query);
        if (!query) return std::move(query).error();
        auto claim = check_presigned_query(*query, options.region, clock.wall());
        if (!claim) return std::move(claim).error();
        auto verified = admit(attempt, *claim, &*query);
        if (!verified) return verified;
        auto hoisted = hoisted_headers(attempt.query, attempt.headers());
        if (!hoisted) return std::move(hoisted).error();
        verified->hoisted_headers = std::move(*hoisted);
        return verified;
    }

    /// #14 to #21: the same whichever place the claim came from.
    Result<Verified> admit(const Attempt& attempt, const Claim& claim,
                           const PresignedQuery* presigned) {
        const auto names = parse_signed_headers(claim.signed_headers);
        const auto credential = credentials.find(claim.credential.access_key_id);
        if (!credential) return refuse_unknown_key(attempt, claim, names);
        if (has_token(attempt, presigned)) return failure(AuthCode::invalid_token);
        auto payload = payload_of(attempt, names, presigned);
        if (!payload) return std::move(payload).error();
        return prove(attempt, claim, names, *credential, std::move(*payload));
    }

    /// #16 to #18.
    Result<PayloadClaim> payload_of(const Attempt& attempt, const SignedHeaders& names,
                                    const PresignedQuery* presigned) const {
        auto payload =
            presigned == nullptr
                ? payload_of_header_signed(attempt.headers())
                : payload_of_presigned(attempt.headers(),
                                       presigned->find(SecurityParameter::content_sha256),
                                       names.has("x-amz-content-sha256"));
        if (!payload) return payload;
        auto admitted = admit_payload(attempt, payload->mode);
        if (admitted && options.require_tls_for_unsigned)
            admitted = admit_unsigned_payload(attempt, payload->mode);
        if (!admitted) return std::move(admitted).error();
        return payload;
    }

    /// #19 to #21.
    Result<Verified> prove(const Attempt& attempt, const Claim& claim, const SignedHeaders& names,
                           const Credential& credential, PayloadClaim payload) {
        const auto missing = unsigned_headers(attempt.headers(), names,
                                              options.ignore_unsigned_headers, claim.presigned);
        // A list that is not well-formed covers nothing; its answer is the one of C-09.
        if (names.well_formed && !missing.empty())
            return with(failure(AuthCode::access_denied,
                                "There were headers present in the request which were not signed"),
                        "HeadersNotSigned", missing);
        const auto key = keys.find(claim.credential, credential.secret_key);
        const auto texts = texts_of(attempt, claim, names, payload.signed_value);
        const auto ours = hmac_sha256(key.key, texts.string_to_sign);
        if (!signature_matches(claim.signature, ours) || !names.well_formed) {
            if (!key.derived) derive_for_nobody(claim.credential);
            return signature_mismatch({claim.credential.access_key_id, texts.string_to_sign,
                                       claim.signature, texts.canonical_request});
        }
        const auto mode = payload.mode;
        auto verified = verified_as(identity_of(credential), std::move(payload), claim.presigned);
        for (const auto& name : options.ignore_unsigned_headers)
            if (!names.has(name)) verified.ignored_headers.push_back(name);
        if (mode == PayloadMode::signed_chunks || mode == PayloadMode::signed_chunks_trailer)
            verified.chunks =
                ChunkSigning{key.key, claim.timestamp, std::string(claim.credential.scope),
                             std::string(claim.signature)};
        return verified;
    }
};

Verifier::Verifier(VerifierOptions options, const CredentialSource& credentials,
                   const base::Clock& clock)
    : state_(new State{std::move(options), credentials, clock}) {}
Verifier::~Verifier() = default;

const VerifierOptions& Verifier::options() const {
    return state_->options;
}

Result<Verified> Verifier::verify(const SignedRequest& request, bool chunked_allowed) const {
    const auto query = model::parse_query(request.raw_query);
    if (!query || !escapes_are_valid(request.raw_path)) return invalid_uri(request);  // C-06
    const Attempt attempt{request, *query, chunked_allowed};
    auto mechanism = choose_mechanism(attempt.headers(), attempt.query);
    if (!mechanism) return std::move(mechanism).error();
    switch (mechanism->kind) {
        case Mechanism::Kind::header:
            return state_->header_signed(attempt, mechanism->authorization);
        case Mechanism::Kind::presigned:
            return state_->presigned(attempt);
        case Mechanism::Kind::anonymous:
            return state_->anonymous(attempt);
    }
    return failure(AuthCode::access_denied);
}

}  // namespace holdfast::auth
