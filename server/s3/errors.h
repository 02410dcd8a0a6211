/// S3's errors as values: a row of the table (code, status, usual message), a message for the
/// client, extra elements and headers, and a cause for the log.
///
/// Storage and auth say what happened; which S3 code that becomes is decided here only.
/// source: spec multipart 5.9, operations 3.1, auth 1.12. threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/error.h"
#include "base/result.h"
#include "server/http/exchange.h"
#include "storage/catalog/store.h"

namespace holdfast::s3 {

struct ErrorSpec {
    std::string_view code;
    std::uint16_t status;
    std::string_view message;
};

struct S3Error {
    const ErrorSpec* spec;
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;
    http::Headers headers;
    std::string cause;   ///< for the log, never sent
    bool close = false;  ///< the connection is of no more use

    explicit S3Error(const ErrorSpec& row) : spec(&row), message(row.message) {}
    S3Error(const ErrorSpec& row, std::string text) : spec(&row), message(std::move(text)) {}

    S3Error&& with(std::string name, std::string value) && {
        fields.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
    S3Error&& with_header(std::string name, std::string value) && {
        headers.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
    S3Error&& because(std::string why) && {
        cause = std::move(why);
        return std::move(*this);
    }
};

template <class T>
using Result = base::Expected<T, S3Error>;

/// `header` (or query name) is known but not built: 501 naming it.
S3Error not_implemented_header(std::string_view header, std::string additional_message = {});
S3Error not_implemented_query(std::string_view name);
/// 400 InvalidArgument; an absent value is left out.
S3Error invalid_argument(std::string_view name, std::optional<std::string_view> value,
                         std::string message = {});
S3Error invalid_request(std::string message);
S3Error precondition_failed(std::string condition);
S3Error no_such_key(std::string_view key);
S3Error no_such_bucket(std::string_view bucket);
S3Error no_such_upload(std::string_view upload_id);
S3Error method_not_allowed(std::string_view method, std::string_view resource_type,
                           std::string_view allow);

/// 503 with Retry-After.
S3Error slow_down(std::string cause);

S3Error from_auth(const auth::AuthError& error);
S3Error from_storage(const storage::StorageError& error);
/// `bucket`, `key` and `upload_id` fill the extra elements.
struct ErrorSubject {
    std::string_view bucket;
    std::string_view key;
    std::string_view upload_id;
};
S3Error from_catalog(const storage::catalog::CatalogError& error, const ErrorSubject& subject);

/// The XML document (GEN-01).
std::string error_document(const S3Error& error, std::string_view resource,
                           std::string_view request_id, std::string_view host_id);

namespace errors {

inline constexpr ErrorSpec access_control_list_not_supported{"AccessControlListNotSupported", 400,
                                                             "The bucket does not allow ACLs"};
inline constexpr ErrorSpec access_denied{"AccessDenied", 403, "Access Denied"};
inline constexpr ErrorSpec authorization_header_malformed{
    "AuthorizationHeaderMalformed", 400,
    "The authorization header that you provided is not valid."};
inline constexpr ErrorSpec authorization_query_parameters_error{
    "AuthorizationQueryParametersError", 400,
    "Error parsing the query parameters of the signature."};
inline constexpr ErrorSpec bad_digest{
    "BadDigest", 400, "The Content-MD5 you specified did not match what we received."};
inline constexpr ErrorSpec bad_request{"BadRequest", 400, "Bad Request"};
inline constexpr ErrorSpec bucket_already_owned_by_you{
    "BucketAlreadyOwnedByYou", 409,
    "Your previous request to create the named bucket succeeded and you already own it."};
inline constexpr ErrorSpec bucket_not_empty{"BucketNotEmpty", 409,
                                            "The bucket you tried to delete is not empty"};
inline constexpr ErrorSpec conditional_request_conflict{
    "ConditionalRequestConflict", 409,
    "The conditional request cannot succeed due to a conflicting operation against this resource."};
inline constexpr ErrorSpec entity_too_large{
    "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"};
inline constexpr ErrorSpec entity_too_small{
    "EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"};
inline constexpr ErrorSpec expired_token{"ExpiredToken", 400, "The provided token has expired."};
inline constexpr ErrorSpec incomplete_body{
    "IncompleteBody", 400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header"};
inline constexpr ErrorSpec internal_error{"InternalError", 500,
                                          "We encountered an internal error. Please try again."};
inline constexpr ErrorSpec invalid_access_key_id{
    "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."};
inline constexpr ErrorSpec invalid_argument{"InvalidArgument", 400, "Invalid Argument"};
inline constexpr ErrorSpec invalid_bucket_acl_with_object_ownership{
    "InvalidBucketAclWithObjectOwnership", 400,
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"};
inline constexpr ErrorSpec invalid_bucket_name{"InvalidBucketName", 400,
                                               "The specified bucket is not valid."};
inline constexpr ErrorSpec invalid_bucket_owner{
    "InvalidBucketOwnerAWSAccountID", 400,
    "The value of the expected bucket owner parameter must be "
    "an AWS account ID"};
inline constexpr ErrorSpec invalid_chunk_size{
    "InvalidChunkSizeError", 400,
    "Only the last chunk is allowed to have a size less than 8192 bytes"};
inline constexpr ErrorSpec invalid_digest{"InvalidDigest", 400,
                                          "The Content-MD5 you specified was invalid."};
inline constexpr ErrorSpec invalid_encryption_algorithm{
    "InvalidEncryptionAlgorithmError", 400,
    "The encryption request you specified is not valid. Supported value: AES256."};
inline constexpr ErrorSpec invalid_location_constraint{
    "InvalidLocationConstraint", 400, "The specified location-constraint is not valid"};
inline constexpr ErrorSpec invalid_object_state{
    "InvalidObjectState", 403, "The operation is not valid for the object's storage class"};
inline constexpr ErrorSpec invalid_part{
    "InvalidPart", 400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, "
    "or the "
    "specified entity tag may not match the part's entity tag."};
inline constexpr ErrorSpec invalid_part_number{"InvalidPartNumber", 416,
                                               "The requested partnumber is not satisfiable"};
inline constexpr ErrorSpec invalid_part_order{
    "InvalidPartOrder", 400,
    "The list of parts was not in ascending order. Parts must be ordered by part number."};
inline constexpr ErrorSpec invalid_range{"InvalidRange", 416,
                                         "The requested range is not satisfiable"};
inline constexpr ErrorSpec invalid_redirect_location{
    "InvalidRedirectLocation", 400,
    "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."};
inline constexpr ErrorSpec invalid_request{"InvalidRequest", 400, "Invalid Request"};
inline constexpr ErrorSpec invalid_storage_class{"InvalidStorageClass", 400,
                                                 "The storage class you specified is not valid"};
inline constexpr ErrorSpec invalid_token{"InvalidToken", 400,
                                         "The provided token is malformed or otherwise not valid."};
inline constexpr ErrorSpec invalid_uri{"InvalidURI", 400, "Couldn't parse the specified URI."};
inline constexpr ErrorSpec key_too_long{"KeyTooLongError", 400, "Your key is too long"};
inline constexpr ErrorSpec malformed_trailer{
    "MalformedTrailerError", 400, "The request contained trailing data that was not well-formed"};
inline constexpr ErrorSpec malformed_xml{
    "MalformedXML", 400,
    "The XML you provided was not well-formed or did not validate against our published schema"};
inline constexpr ErrorSpec max_message_length_exceeded{"MaxMessageLengthExceeded", 400,
                                                       "Your request was too big."};
inline constexpr ErrorSpec metadata_too_large{
    "MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size"};
inline constexpr ErrorSpec method_not_allowed{
    "MethodNotAllowed", 405, "The specified method is not allowed against this resource."};
inline constexpr ErrorSpec missing_content_length{
    "MissingContentLength", 411, "You must provide the Content-Length HTTP header."};
inline constexpr ErrorSpec missing_request_body{"MissingRequestBodyError", 400,
                                                "Request Body is empty"};
inline constexpr ErrorSpec no_such_bucket{"NoSuchBucket", 404,
                                          "The specified bucket does not exist"};
inline constexpr ErrorSpec no_such_key{"NoSuchKey", 404, "The specified key does not exist."};
inline constexpr ErrorSpec no_such_upload{"NoSuchUpload", 404,
                                          "The specified upload does not exist. The upload ID may "
                                          "be invalid, or the upload may have been "
                                          "aborted or completed."};
inline constexpr ErrorSpec no_such_version{"NoSuchVersion", 404,
                                           "The specified version does not exist."};
inline constexpr ErrorSpec not_implemented{
    "NotImplemented", 501,
    "A header or query you provided implies functionality that is not implemented."};
/// An answer, not a failure: it has headers and no document.
inline constexpr ErrorSpec not_modified{"NotModified", 304, ""};
inline constexpr ErrorSpec operation_aborted{
    "OperationAborted", 409,
    "A conflicting operation is currently in progress against this resource."};
inline constexpr ErrorSpec precondition_failed{
    "PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"};
inline constexpr ErrorSpec request_header_section_too_large{
    "RequestHeaderSectionTooLarge", 400,
    "Your request header section exceeds the maximum allowed request header section size."};
inline constexpr ErrorSpec request_time_too_skewed{
    "RequestTimeTooSkewed", 403,
    "The difference between the request time and the current time is too large."};
inline constexpr ErrorSpec request_timeout{"RequestTimeout", 400,
                                           "Your socket connection to the server was not read from "
                                           "or written to within the timeout period."};
inline constexpr ErrorSpec service_unavailable{"ServiceUnavailable", 503,
                                               "Please reduce your request rate."};
inline constexpr ErrorSpec signature_does_not_match{
    "SignatureDoesNotMatch", 403,
    "The request signature we calculated does not match the signature you provided. Check your key "
    "and "
    "signing method."};
inline constexpr ErrorSpec slow_down{"SlowDown", 503, "Please reduce your request rate."};
inline constexpr ErrorSpec insufficient_storage{
    "InsufficientStorage", 507, "The server has no room for this object. Nothing was stored."};
inline constexpr ErrorSpec unresolvable_grant_by_email{
    "UnresolvableGrantByEmailAddress", 400,
    "The e-mail address you provided does not match any account on record."};
inline constexpr ErrorSpec xamz_content_sha256_mismatch{
    "XAmzContentSHA256Mismatch", 400,
    "The provided 'x-amz-content-sha256' header does not match what was computed."};

}  // namespace errors

}  // namespace holdfast::s3
