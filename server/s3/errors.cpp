#include "server/s3/errors.h"

#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

namespace {

const ErrorSpec& spec_of(auth::AuthCode code) {
    switch (code) {
        case auth::AuthCode::access_denied:
            return errors::access_denied;
        case auth::AuthCode::authorization_header_malformed:
            return errors::authorization_header_malformed;
        case auth::AuthCode::authorization_query_parameters_error:
            return errors::authorization_query_parameters_error;
        case auth::AuthCode::bad_digest:
            return errors::bad_digest;
        case auth::AuthCode::entity_too_large:
            return errors::entity_too_large;
        case auth::AuthCode::expired_token:
            return errors::expired_token;
        case auth::AuthCode::incomplete_body:
            return errors::incomplete_body;
        case auth::AuthCode::invalid_access_key_id:
            return errors::invalid_access_key_id;
        case auth::AuthCode::invalid_argument:
            return errors::invalid_argument;
        case auth::AuthCode::invalid_chunk_size_error:
            return errors::invalid_chunk_size;
        case auth::AuthCode::invalid_request:
            return errors::invalid_request;
        case auth::AuthCode::invalid_token:
            return errors::invalid_token;
        case auth::AuthCode::invalid_uri:
            return errors::invalid_uri;
        case auth::AuthCode::malformed_trailer_error:
            return errors::malformed_trailer;
        case auth::AuthCode::missing_content_length:
            return errors::missing_content_length;
        case auth::AuthCode::not_implemented:
            return errors::not_implemented;
        case auth::AuthCode::request_time_too_skewed:
            return errors::request_time_too_skewed;
        case auth::AuthCode::signature_does_not_match:
            return errors::signature_does_not_match;
    }
    return errors::access_denied;
}

}  // namespace

S3Error not_implemented_header(std::string_view header, std::string additional_message) {
    S3Error error(errors::not_implemented);
    error.fields.emplace_back("Header", header);
    if (!additional_message.empty())
        error.fields.emplace_back("additionalMessage", std::move(additional_message));
    return error;
}

S3Error not_implemented_query(std::string_view name) {
    return S3Error(errors::not_implemented).with("Query", std::string(name));
}

S3Error invalid_argument(std::string_view name, std::optional<std::string_view> value,
                         std::string message) {
    S3Error error(errors::invalid_argument, std::move(message));
    error.fields.emplace_back("ArgumentName", name);
    if (value) error.fields.emplace_back("ArgumentValue", *value);
    return error;
}

S3Error invalid_request(std::string message) {
    return {errors::invalid_request, std::move(message)};
}

S3Error precondition_failed(std::string condition) {
    return S3Error(errors::precondition_failed).with("Condition", std::move(condition));
}

S3Error no_such_key(std::string_view key) {
    return S3Error(errors::no_such_key).with("Key", std::string(key));
}

S3Error no_such_bucket(std::string_view bucket) {
    return S3Error(errors::no_such_bucket).with("BucketName", std::string(bucket));
}

S3Error no_such_upload(std::string_view upload_id) {
    return S3Error(errors::no_such_upload).with("UploadId", std::string(upload_id));
}

S3Error method_not_allowed(std::string_view method, std::string_view resource_type,
                           std::string_view allow) {
    return S3Error(errors::method_not_allowed)
        .with("Method", std::string(method))
        .with("ResourceType", std::string(resource_type))
        .with_header("Allow", std::string(allow));
}

S3Error slow_down(std::string cause) {
    return S3Error(errors::slow_down).with_header("Retry-After", "1").because(std::move(cause));
}

S3Error from_auth(const auth::AuthError& error) {
    const auto& spec = spec_of(error.code);
    S3Error mapped(spec, error.message.empty() ? std::string(spec.message) : error.message);
    mapped.fields = error.fields;
    return mapped;
}

S3Error from_storage(const storage::StorageError& error) {
    using Kind = storage::StorageError::Kind;
    switch (error.kind) {
        case Kind::out_of_space:
            return S3Error(errors::insufficient_storage).because(error.detail);
        case Kind::read_only:
            return S3Error(errors::service_unavailable)
                .with_header("Retry-After", "5")
                .because(error.detail);
        case Kind::unavailable:
            return slow_down(error.detail);
        case Kind::conflict:
            return S3Error(errors::operation_aborted).because(error.detail);
        case Kind::corrupt:
        case Kind::io:
        case Kind::in_doubt:
        case Kind::wrong_key:
        case Kind::held:
            break;
    }
    return S3Error(errors::internal_error).because(error.detail);
}

S3Error from_catalog(const storage::catalog::CatalogError& error, const ErrorSubject& subject) {
    using Kind = storage::catalog::CatalogError::Kind;
    switch (error.kind) {
        case Kind::storage:
            return from_storage(error.storage);
        case Kind::no_such_bucket:
            return no_such_bucket(subject.bucket);
        case Kind::bucket_exists:
            return S3Error(errors::bucket_already_owned_by_you)
                .with("BucketName", std::string(subject.bucket));
        case Kind::bucket_not_empty:
            return S3Error(errors::bucket_not_empty)
                .with("BucketName", std::string(subject.bucket));
        case Kind::no_such_key:
            return no_such_key(subject.key);
        case Kind::no_such_upload:
            return no_such_upload(subject.upload_id);
        case Kind::refused:
            break;
    }
    // "refused" carries no reason of its own: the operation that refused answers with its own
    // error.
    return S3Error(errors::internal_error).because("a refusal without its reason");
}

std::string error_document(const S3Error& error, std::string_view resource,
                           std::string_view request_id, std::string_view host_id) {
    XmlWriter xml;
    xml.open("Error");
    xml.element("Code", error.spec->code);
    xml.element("Message", error.message);
    for (const auto& [name, value] : error.fields) xml.element(name, value);
    xml.element("Resource", resource);
    xml.element("RequestId", request_id);
    xml.element("HostId", host_id);
    xml.close();
    return std::move(xml).finish();
}

}  // namespace holdfast::s3
