#include "server/s3/operation.h"

#include <array>

#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

namespace {

using Actions = std::vector<std::string_view>;

Actions nothing_beforehand(const Request&) {
    return {};  // DeleteObjects asks for each key
}
Actions needs_list_all_my_buckets(const Request&) {
    return {"s3:ListAllMyBuckets"};
}
Actions needs_bucket_location(const Request&) {
    return {"s3:GetBucketLocation"};
}
Actions needs_list_bucket(const Request&) {
    return {"s3:ListBucket"};
}
Actions needs_delete_bucket(const Request&) {
    return {"s3:DeleteBucket"};
}
Actions needs_get_object(const Request& request) {
    return {request.query("versionId") ? "s3:GetObjectVersion" : "s3:GetObject"};
}
Actions needs_object_tagging(const Request& request) {
    return {request.query("versionId") ? "s3:GetObjectVersionTagging" : "s3:GetObjectTagging"};
}
/// PRM-14.
Actions needs_object_attributes(const Request& request) {
    if (request.query("versionId")) return {"s3:GetObjectVersion", "s3:GetObjectVersionAttributes"};
    return {"s3:GetObject", "s3:GetObjectAttributes"};
}
Actions needs_put_object(const Request&) {
    return {"s3:PutObject"};
}
Actions needs_delete_object(const Request& request) {
    Actions actions{request.query("versionId") ? "s3:DeleteObjectVersion" : "s3:DeleteObject"};
    if (request.header("x-amz-bypass-governance-retention"))
        actions.push_back("s3:BypassGovernanceRetention");
    return actions;
}
Actions needs_abort(const Request&) {
    return {"s3:AbortMultipartUpload"};
}
Actions needs_list_parts(const Request&) {
    return {"s3:ListMultipartUploadParts"};
}
Actions needs_list_uploads(const Request&) {
    return {"s3:ListBucketMultipartUploads"};
}

bool has_acl(const Request& request) {
    bool found = false;
    request.for_each_header([&](std::string_view name, std::string_view) {
        found = found || name == "x-amz-acl" || name.substr(0, 12) == "x-amz-grant-";
    });
    return found;
}

/// PRM-01 to PRM-05; the same for PutObject, CopyObject and CreateMultipartUpload.
Actions put_object_actions(const Request& request) {
    Actions actions{"s3:PutObject"};
    if (request.header_with_value("x-amz-tagging")) actions.push_back("s3:PutObjectTagging");
    if (has_acl(request)) actions.push_back("s3:PutObjectAcl");
    if (request.header("x-amz-object-lock-mode") ||
        request.header("x-amz-object-lock-retain-until-date"))
        actions.push_back("s3:PutObjectRetention");
    if (request.header("x-amz-object-lock-legal-hold")) actions.push_back("s3:PutObjectLegalHold");
    return actions;
}

Actions create_bucket_actions(const Request& request) {
    Actions actions{"s3:CreateBucket"};
    if (has_acl(request)) actions.push_back("s3:PutBucketAcl");
    if (request.header("x-amz-bucket-object-lock-enabled")) {
        actions.push_back("s3:PutBucketObjectLockConfiguration");
        actions.push_back("s3:PutBucketVersioning");
    }
    if (request.header("x-amz-object-ownership"))
        actions.push_back("s3:PutBucketOwnershipControls");
    return actions;
}

// Within one method and level the first row that fits wins. A row without a handler is an operation
// of S3 that is not built: it answers 501 and does nothing else.
// clang-format off
constexpr std::array table{
    // Service.
    Operation{"ListBuckets", "GET", Level::service, "", "", Extra::none, list_buckets, needs_list_all_my_buckets, false, false},
    // Objects, PUT.
    Operation{"UploadPartCopy", "PUT", Level::object, "uploadId", "partNumber", Extra::copy_source, upload_part_copy, needs_put_object, false, true},
    Operation{"UploadPart", "PUT", Level::object, "uploadId", "partNumber", Extra::none, upload_part, needs_put_object, true, true, true},
    Operation{"PutObjectTagging", "PUT", Level::object, "tagging", ""},
    Operation{"PutObjectRetention", "PUT", Level::object, "retention", ""},
    Operation{"PutObjectLegalHold", "PUT", Level::object, "legal-hold", ""},
    Operation{"PutObjectAcl", "PUT", Level::object, "acl", ""},
    Operation{"UpdateObjectEncryption", "PUT", Level::object, "encryption", ""},
    Operation{"RenameObject", "PUT", Level::object, "renameObject", ""},
    Operation{"PutObjectAnnotation", "PUT", Level::object, "annotation", ""},
    Operation{"CopyObject", "PUT", Level::object, "", "", Extra::copy_source, copy_object, put_object_actions, false, true},
    Operation{"PutObject", "PUT", Level::object, "", "", Extra::none, put_object, put_object_actions, true, true, true},
    // Objects, GET and HEAD.
    Operation{"GetObjectTagging", "GET", Level::object, "tagging", "", Extra::none, get_object_tagging, needs_object_tagging, false, true},
    Operation{"GetObjectRetention", "GET", Level::object, "retention", ""},
    Operation{"GetObjectLegalHold", "GET", Level::object, "legal-hold", ""},
    Operation{"GetObjectAcl", "GET", Level::object, "acl", ""},
    Operation{"GetObjectAttributes", "GET", Level::object, "attributes", "", Extra::none, get_object_attributes, needs_object_attributes, false, true},
    Operation{"ListParts", "GET", Level::object, "uploadId", "", Extra::none, list_parts, needs_list_parts, false, true},
    Operation{"GetObjectTorrent", "GET", Level::object, "torrent", ""},
    Operation{"GetObjectAnnotation", "GET", Level::object, "annotation", "annotationName"},
    Operation{"ListObjectAnnotations", "GET", Level::object, "annotation", ""},
    Operation{"GetObject", "GET", Level::object, "", "", Extra::none, get_object, needs_get_object, false, true},
    Operation{"HeadObject", "HEAD", Level::object, "", "", Extra::none, head_object, needs_get_object, false, true},
    // Objects, POST and DELETE.
    Operation{"RestoreObject", "POST", Level::object, "restore", ""},
    Operation{"SelectObjectContent", "POST", Level::object, "select", ""},
    Operation{"CompleteMultipartUpload", "POST", Level::object, "uploadId", "", Extra::none, complete_multipart_upload, needs_put_object, false, true, true},
    Operation{"CreateMultipartUpload", "POST", Level::object, "uploads", "", Extra::none, create_multipart_upload, put_object_actions, false, true, true},
    Operation{"DeleteObjectTagging", "DELETE", Level::object, "tagging", ""},
    Operation{"AbortMultipartUpload", "DELETE", Level::object, "uploadId", "", Extra::none, abort_multipart_upload, needs_abort, false, true},
    Operation{"DeleteObjectAnnotation", "DELETE", Level::object, "annotation", ""},
    Operation{"DeleteObject", "DELETE", Level::object, "", "", Extra::none, delete_object, needs_delete_object, false, true},
    // Buckets, GET and HEAD.
    Operation{"GetBucketLocation", "GET", Level::bucket, "location", "", Extra::none, get_bucket_location, needs_bucket_location, false, true},
    Operation{"GetBucketPolicy", "GET", Level::bucket, "policy", ""},
    Operation{"GetBucketPolicyStatus", "GET", Level::bucket, "policyStatus", ""},
    Operation{"GetBucketAcl", "GET", Level::bucket, "acl", ""},
    Operation{"GetBucketVersioning", "GET", Level::bucket, "versioning", ""},
    Operation{"ListObjectVersions", "GET", Level::bucket, "versions", ""},
    Operation{"ListMultipartUploads", "GET", Level::bucket, "uploads", "", Extra::none, list_multipart_uploads, needs_list_uploads, false, true},
    Operation{"GetBucketTagging", "GET", Level::bucket, "tagging", ""},
    Operation{"GetBucketCors", "GET", Level::bucket, "cors", ""},
    Operation{"GetBucketLifecycleConfiguration", "GET", Level::bucket, "lifecycle", ""},
    Operation{"GetBucketEncryption", "GET", Level::bucket, "encryption", ""},
    Operation{"GetObjectLockConfiguration", "GET", Level::bucket, "object-lock", ""},
    Operation{"GetBucketOwnershipControls", "GET", Level::bucket, "ownershipControls", ""},
    Operation{"GetPublicAccessBlock", "GET", Level::bucket, "publicAccessBlock", ""},
    Operation{"GetBucketNotificationConfiguration", "GET", Level::bucket, "notification", ""},
    Operation{"GetBucketLogging", "GET", Level::bucket, "logging", ""},
    Operation{"GetBucketRequestPayment", "GET", Level::bucket, "requestPayment", ""},
    Operation{"GetBucketWebsite", "GET", Level::bucket, "website", ""},
    Operation{"GetBucketAccelerateConfiguration", "GET", Level::bucket, "accelerate", ""},
    Operation{"GetBucketReplication", "GET", Level::bucket, "replication", ""},
    Operation{"GetBucketAnalyticsConfiguration", "GET", Level::bucket, "analytics", "id"},
    Operation{"ListBucketAnalyticsConfigurations", "GET", Level::bucket, "analytics", ""},
    Operation{"GetBucketInventoryConfiguration", "GET", Level::bucket, "inventory", "id"},
    Operation{"ListBucketInventoryConfigurations", "GET", Level::bucket, "inventory", ""},
    Operation{"GetBucketMetricsConfiguration", "GET", Level::bucket, "metrics", "id"},
    Operation{"ListBucketMetricsConfigurations", "GET", Level::bucket, "metrics", ""},
    Operation{"GetBucketIntelligentTieringConfiguration", "GET", Level::bucket, "intelligent-tiering", "id"},
    Operation{"ListBucketIntelligentTieringConfigurations", "GET", Level::bucket, "intelligent-tiering", ""},
    Operation{"GetBucketMetadataConfiguration", "GET", Level::bucket, "metadataConfiguration", ""},
    Operation{"GetBucketMetadataTableConfiguration", "GET", Level::bucket, "metadataTable", ""},
    Operation{"CreateSession", "GET", Level::bucket, "session", ""},
    Operation{"GetBucketAbac", "GET", Level::bucket, "abac", ""},
    Operation{"ListObjectsV2", "GET", Level::bucket, "", "", Extra::list_type_2, list_objects_v2, needs_list_bucket, false, true},
    Operation{"ListObjects", "GET", Level::bucket, "", "", Extra::none, list_objects, needs_list_bucket, false, true},
    Operation{"HeadBucket", "HEAD", Level::bucket, "", "", Extra::none, head_bucket, needs_list_bucket, false, true},
    // Buckets, PUT.
    Operation{"PutBucketPolicy", "PUT", Level::bucket, "policy", ""},
    Operation{"PutBucketAcl", "PUT", Level::bucket, "acl", ""},
    Operation{"PutBucketVersioning", "PUT", Level::bucket, "versioning", ""},
    Operation{"PutBucketTagging", "PUT", Level::bucket, "tagging", ""},
    Operation{"PutBucketCors", "PUT", Level::bucket, "cors", ""},
    Operation{"PutBucketLifecycleConfiguration", "PUT", Level::bucket, "lifecycle", ""},
    Operation{"PutBucketEncryption", "PUT", Level::bucket, "encryption", ""},
    Operation{"PutObjectLockConfiguration", "PUT", Level::bucket, "object-lock", ""},
    Operation{"PutBucketOwnershipControls", "PUT", Level::bucket, "ownershipControls", ""},
    Operation{"PutPublicAccessBlock", "PUT", Level::bucket, "publicAccessBlock", ""},
    Operation{"PutBucketNotificationConfiguration", "PUT", Level::bucket, "notification", ""},
    Operation{"PutBucketLogging", "PUT", Level::bucket, "logging", ""},
    Operation{"PutBucketRequestPayment", "PUT", Level::bucket, "requestPayment", ""},
    Operation{"PutBucketWebsite", "PUT", Level::bucket, "website", ""},
    Operation{"PutBucketAccelerateConfiguration", "PUT", Level::bucket, "accelerate", ""},
    Operation{"PutBucketReplication", "PUT", Level::bucket, "replication", ""},
    Operation{"PutBucketAnalyticsConfiguration", "PUT", Level::bucket, "analytics", ""},
    Operation{"PutBucketInventoryConfiguration", "PUT", Level::bucket, "inventory", ""},
    Operation{"PutBucketMetricsConfiguration", "PUT", Level::bucket, "metrics", ""},
    Operation{"PutBucketIntelligentTieringConfiguration", "PUT", Level::bucket, "intelligent-tiering", ""},
    Operation{"UpdateBucketMetadataAnnotationTableConfiguration", "PUT", Level::bucket, "metadataAnnotationTable", ""},
    Operation{"UpdateBucketMetadataInventoryTableConfiguration", "PUT", Level::bucket, "metadataInventoryTable", ""},
    Operation{"UpdateBucketMetadataJournalTableConfiguration", "PUT", Level::bucket, "metadataJournalTable", ""},
    Operation{"PutBucketAbac", "PUT", Level::bucket, "abac", ""},
    Operation{"CreateBucket", "PUT", Level::bucket, "", "", Extra::none, create_bucket, create_bucket_actions, false, false, true},
    // Buckets, POST and DELETE.
    Operation{"DeleteObjects", "POST", Level::bucket, "delete", "", Extra::none, delete_objects, nothing_beforehand, false, true, true},
    Operation{"CreateBucketMetadataConfiguration", "POST", Level::bucket, "metadataConfiguration", ""},
    Operation{"CreateBucketMetadataTableConfiguration", "POST", Level::bucket, "metadataTable", ""},
    Operation{"DeleteBucketTagging", "DELETE", Level::bucket, "tagging", ""},
    Operation{"DeleteBucketOwnershipControls", "DELETE", Level::bucket, "ownershipControls", ""},
    Operation{"DeleteBucketPolicy", "DELETE", Level::bucket, "policy", ""},
    Operation{"DeleteBucketCors", "DELETE", Level::bucket, "cors", ""},
    Operation{"DeleteBucketEncryption", "DELETE", Level::bucket, "encryption", ""},
    Operation{"DeleteBucketLifecycle", "DELETE", Level::bucket, "lifecycle", ""},
    Operation{"DeleteBucketWebsite", "DELETE", Level::bucket, "website", ""},
    Operation{"DeletePublicAccessBlock", "DELETE", Level::bucket, "publicAccessBlock", ""},
    Operation{"DeleteBucketReplication", "DELETE", Level::bucket, "replication", ""},
    Operation{"DeleteBucketAnalyticsConfiguration", "DELETE", Level::bucket, "analytics", ""},
    Operation{"DeleteBucketInventoryConfiguration", "DELETE", Level::bucket, "inventory", ""},
    Operation{"DeleteBucketMetricsConfiguration", "DELETE", Level::bucket, "metrics", ""},
    Operation{"DeleteBucketIntelligentTieringConfiguration", "DELETE", Level::bucket, "intelligent-tiering", ""},
    Operation{"DeleteBucketMetadataConfiguration", "DELETE", Level::bucket, "metadataConfiguration", ""},
    Operation{"DeleteBucketMetadataTableConfiguration", "DELETE", Level::bucket, "metadataTable", ""},
    Operation{"DeleteBucket", "DELETE", Level::bucket, "", "", Extra::none, delete_bucket, needs_delete_bucket, false, true},
};
// clang-format on

constexpr bool every_row_can_be_reached() {
    for (std::size_t later = 0; later < table.size(); ++later)
        for (std::size_t earlier = 0; earlier < later; ++earlier) {
            const auto& a = table[earlier];
            const auto& b = table[later];
            const bool hides =
                a.method == b.method && a.level == b.level && a.selector == b.selector &&
                (a.second_selector.empty() || a.second_selector == b.second_selector) &&
                (a.extra == Extra::none || a.extra == b.extra);
            if (hides) return false;
        }
    return true;
}
static_assert(every_row_can_be_reached());

}  // namespace

std::span<const Operation> operations() {
    return table;
}

}  // namespace holdfast::s3
