#include "server/s3/operation.h"
#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

/// The operation's name, or the code of the refusal.
std::string routed(const std::string& method, const std::string& target, HeaderList headers = {}) {
    const Parsed request(method, target, headers);
    const auto row = route(request);
    return row ? std::string((*row)->name) : code_of(row);
}

const std::pair<std::string, std::string> copy_source{"x-amz-copy-source", "/bucket/source"};

S3Error refusal(const std::string& method, const std::string& target, HeaderList headers = {}) {
    const Parsed request(method, target, headers);
    auto row = route(request);
    return row ? S3Error(errors::internal_error) : std::move(row).error();
}

std::string target_of(const Operation& row) {
    std::string target = row.level == Level::service  ? "/"
                         : row.level == Level::bucket ? "/bucket"
                                                      : "/bucket/key";
    if (!row.selector.empty()) target.append("?").append(row.selector);
    if (!row.second_selector.empty()) target.append("&").append(row.second_selector).append("=1");
    if (row.extra == Extra::list_type_2) target.append("?list-type=2");
    return target;
}

}  // namespace

TEST_CASE("route: every row of the table is reached by its own request", "[s3][router]") {
    for (const auto& row : operations()) {
        INFO(row.name);
        if (row.extra == Extra::copy_source)
            CHECK(routed(std::string(row.method), target_of(row), {copy_source}) == row.name);
        else
            CHECK(routed(std::string(row.method), target_of(row)) == row.name);
    }
}

TEST_CASE("route: the multipart family (RT-01 to RT-09)", "[s3][router][multipart]") {
    CHECK(routed("POST", "/bucket/key?uploads") == "CreateMultipartUpload");
    CHECK(routed("POST", "/bucket/key?uploads=") == "CreateMultipartUpload");
    CHECK(routed("PUT", "/bucket/key?partNumber=1&uploadId=u") == "UploadPart");
    CHECK(routed("PUT", "/bucket/key?uploadId=u&partNumber=1", {copy_source}) == "UploadPartCopy");
    CHECK(routed("POST", "/bucket/key?uploadId=u") == "CompleteMultipartUpload");
    CHECK(routed("DELETE", "/bucket/key?uploadId=u") == "AbortMultipartUpload");
    CHECK(routed("GET", "/bucket/key?uploadId=u") == "ListParts");
    CHECK(routed("GET", "/bucket?uploads") == "ListMultipartUploads");
    CHECK(routed("GET", "/bucket/?uploads=") == "ListMultipartUploads");
    CHECK(routed("GET", "/bucket/key?partNumber=1") == "GetObject");
    CHECK(routed("HEAD", "/bucket/key?partNumber=1") == "HeadObject");
    CHECK(routed("GET", "/bucket/key?attributes") == "GetObjectAttributes");
}

TEST_CASE("route: an empty upload id still names the operation (RT-15)",
          "[s3][router][multipart]") {
    CHECK(routed("GET", "/bucket/key?uploadId=") == "ListParts");
    CHECK(routed("POST", "/bucket/key?uploadId") == "CompleteMultipartUpload");
    CHECK(routed("PUT", "/bucket/key?partNumber=1&uploadId=") == "UploadPart");
}

TEST_CASE("route: a part number without upload id (RT-10)", "[s3][router][multipart]") {
    const auto error = refusal("PUT", "/bucket/key?partNumber=1");
    CHECK(error.spec->code == "InvalidArgument");
    CHECK(error.message == "This operation does not accept partNumber without uploadId");
    CHECK(field(error, "ArgumentName") == "partNumber");
}

TEST_CASE("route: a PUT with an upload id alone (RT-11)", "[s3][router][multipart]") {
    const auto error = refusal("PUT", "/bucket/key?uploadId=u");
    CHECK(error.spec->status == 405);
    CHECK(header_of(error.headers, "Allow") == "DELETE, POST, GET");
    CHECK(field(error, "Method") == "PUT");
    CHECK(field(error, "ResourceType") == "UPLOAD");
}

TEST_CASE("route: bucket sub-resources that a key cannot have (RT-12, operations 2.2)",
          "[s3][router][multipart]") {
    const auto uploads = refusal("GET", "/bucket/key?uploads");
    CHECK(uploads.spec->code == "InvalidRequest");
    CHECK(uploads.message == "Key is not expected for the GET method ?uploads subresource");
    CHECK(refusal("GET", "/bucket/key?versions").message ==
          "Key is not expected for the GET method ?versions subresource");
}

TEST_CASE("route: a copy source belongs to copies only (RT-13, operations 2.2)", "[s3][router]") {
    for (const auto& [method, target] :
         {std::pair{"POST", "/bucket/key?uploadId=u"}, std::pair{"GET", "/bucket/key"},
          std::pair{"HEAD", "/bucket/key"}, std::pair{"DELETE", "/bucket/key"},
          std::pair{"GET", "/bucket"}}) {
        INFO(method << " " << target);
        const auto error = refusal(method, target, {copy_source});
        CHECK(error.spec->code == "InvalidArgument");
        CHECK(error.message == "You can only specify a copy source header for copy requests.");
        CHECK(field(error, "ArgumentName") == "x-amz-copy-source");
        CHECK(field(error, "ArgumentValue") == "/bucket/source");
    }
    CHECK(routed("POST", "/bucket/key?uploads", {copy_source}) == "CreateMultipartUpload");
    CHECK(routed("PUT", "/bucket/key", {copy_source}) == "CopyObject");
}

TEST_CASE("route: methods that a resource does not have (RT-14, operations 2.1)", "[s3][router]") {
    const auto uploads = refusal("POST", "/bucket?uploads");
    CHECK(uploads.spec->status == 405);
    CHECK(field(uploads, "ResourceType") == "BUCKET");
    const auto service = refusal("POST", "/");
    CHECK(service.spec->status == 405);
    CHECK(field(service, "ResourceType") == "SERVICE");
    CHECK(header_of(service.headers, "Allow") == "GET");
    const auto object = refusal("POST", "/bucket/key");
    CHECK(object.spec->status == 405);
    CHECK(field(object, "ResourceType") == "OBJECT");
    for (const char* method : {"PATCH", "TRACE", "get", "CONNECT"}) {
        const auto error = refusal(method, "/bucket/key");
        CHECK(error.spec->status == 405);
        CHECK(header_of(error.headers, "Allow") == "GET, HEAD, PUT, POST, DELETE, OPTIONS");
    }
}

TEST_CASE("route: precedence among several selectors (operations 2.2)", "[s3][router]") {
    CHECK(routed("PUT", "/bucket/key?tagging&uploadId=u&partNumber=1") == "UploadPart");
    CHECK(routed("PUT", "/bucket/key?acl&tagging") == "PutObjectTagging");
    CHECK(routed("PUT", "/bucket/key?tagging", {copy_source}) == "PutObjectTagging");
    CHECK(routed("GET", "/bucket/key?attributes&tagging") == "GetObjectTagging");
    CHECK(routed("GET", "/bucket/key?uploadId=u&attributes") == "GetObjectAttributes");
    CHECK(routed("POST", "/bucket/key?uploads&uploadId=u") == "CompleteMultipartUpload");
    CHECK(routed("POST", "/bucket/key?restore&uploadId=u") == "RestoreObject");
    CHECK(routed("DELETE", "/bucket/key?uploadId=u&tagging") == "DeleteObjectTagging");
    CHECK(routed("GET", "/bucket?list-type=2&location") == "GetBucketLocation");
    CHECK(routed("GET", "/bucket?uploads&versions") == "ListObjectVersions");
    CHECK(routed("HEAD", "/bucket/key?acl&uploads") == "HeadObject");
    CHECK(routed("HEAD", "/bucket?acl") == "HeadBucket");
}

TEST_CASE("route: a sub-resource is selected whatever its value (operations 2.1)", "[s3][router]") {
    for (const char* query : {"acl", "acl=", "acl=x", "x=y&acl"}) {
        CHECK(routed("GET", std::string("/bucket/key?") + query) == "GetObjectAcl");
        CHECK(routed("PUT", std::string("/bucket?") + query) == "PutBucketAcl");
    }
    CHECK(routed("GET", "/bucket/key?ACL") == "GetObject");
}

TEST_CASE("route: listing versions one and two", "[s3][router]") {
    CHECK(routed("GET", "/bucket?list-type=2") == "ListObjectsV2");
    CHECK(routed("GET", "/bucket?list-type=1") == "ListObjects");
    CHECK(routed("GET", "/bucket?list-type") == "ListObjects");
    CHECK(routed("GET", "/bucket?prefix=a") == "ListObjects");
}

TEST_CASE("route: one configuration or the list of them, by id (operations 2.2)", "[s3][router]") {
    CHECK(routed("GET", "/bucket?inventory&id=a") == "GetBucketInventoryConfiguration");
    CHECK(routed("GET", "/bucket?inventory") == "ListBucketInventoryConfigurations");
    CHECK(routed("GET", "/bucket?id=a") == "ListObjects");
}

TEST_CASE("route: unknown query names are ignored (operations 2.3)", "[s3][router]") {
    CHECK(routed("PUT", "/bucket/key?x-id=PutObject") == "PutObject");
    CHECK(routed("GET", "/bucket/key?x-id=GetObject&junk=1") == "GetObject");
    CHECK(routed("PUT", "/bucket?foo") == "CreateBucket");
    CHECK(routed("DELETE", "/bucket/key?versionId=null") == "DeleteObject");
    CHECK(routed("GET", "/?x-id=ListBuckets") == "ListBuckets");
}

TEST_CASE("route: a sub-resource with a method S3 does not define is 405 (operations 2.3)",
          "[s3][router]") {
    struct Row {
        const char* method;
        const char* target;
        const char* allow;
    };
    for (const auto& row :
         {Row{"DELETE", "/bucket?acl", "GET, PUT"}, Row{"PUT", "/bucket?location", "GET"},
          Row{"DELETE", "/bucket?versioning", "GET, PUT"}, Row{"PUT", "/bucket?uploads", "GET"},
          Row{"POST", "/bucket?uploads", "GET"}, Row{"POST", "/bucket?acl", "GET, PUT"},
          Row{"GET", "/bucket?delete", "POST"}, Row{"PUT", "/bucket?session", "GET"},
          Row{"DELETE", "/bucket/key?acl", "PUT, GET"}, Row{"GET", "/bucket/key?restore", "POST"},
          Row{"PUT", "/bucket/key?uploads", "POST"}, Row{"PUT", "/bucket/key?attributes", "GET"},
          Row{"DELETE", "/bucket/key?uploads", "POST"},
          Row{"POST", "/bucket/key?tagging", "PUT, GET, DELETE"}}) {
        INFO(row.method << " " << row.target);
        const auto error = refusal(row.method, row.target);
        CHECK(error.spec->code == "MethodNotAllowed");
        CHECK(header_of(error.headers, "Allow") == row.allow);
    }
}

TEST_CASE("route: what is known but not built never becomes the plain operation", "[s3][router]") {
    for (const auto& [method, target] :
         {std::pair{"PUT", "/bucket?inventory"}, std::pair{"DELETE", "/bucket?website"},
          std::pair{"PUT", "/bucket?versioning"}, std::pair{"PUT", "/bucket/key?annotation"},
          std::pair{"DELETE", "/bucket/key?tagging"},
          std::pair{"PUT", "/bucket/key?renameObject"}}) {
        const Parsed request(method, target);
        const auto row = route(request);
        INFO(method << " " << target);
        REQUIRE(row);
        CHECK((*row)->handler == nullptr);
    }
}

TEST_CASE("route: POST of a bucket (operations 2.2)", "[s3][router]") {
    CHECK(routed("POST", "/bucket?delete") == "DeleteObjects");
    const auto plain = refusal("POST", "/bucket");
    CHECK(plain.spec->code == "PreconditionFailed");
    CHECK(field(plain, "Condition") ==
          "Bucket POST must be of the enclosure-type multipart/form-data");
    for (const char* type : {"multipart/form-data; boundary=x", "Multipart/Form-Data"}) {
        const auto form = refusal("POST", "/bucket", {{"content-type", type}});
        CHECK(form.spec->status == 501);
        CHECK(field(form, "Header") == "Content-Type");
    }
}

TEST_CASE("route: a CORS preflight is not built", "[s3][router]") {
    CHECK(routed("OPTIONS", "/bucket/key") == "NotImplemented");
}

TEST_CASE("operations: streaming payloads are for object writes only (A-05)", "[s3][router]") {
    std::vector<std::string_view> streaming;
    for (const auto& row : operations())
        if (row.streaming_payload) streaming.push_back(row.name);
    CHECK(streaming == std::vector<std::string_view>{"UploadPart", "PutObject"});
}

TEST_CASE("operations: actions follow from which parameters are present (PRM-01 to PRM-14)",
          "[s3][router]") {
    const auto actions = [](const Parsed& request) {
        const auto row = route(request);
        return (*row)->actions(request);
    };
    using Actions = std::vector<std::string_view>;
    CHECK(actions({"POST", "/bucket/key?uploads"}) == Actions{"s3:PutObject"});
    CHECK(actions({"POST", "/bucket/key?uploads", {{"x-amz-tagging", ""}}}) ==
          Actions{"s3:PutObject"});
    CHECK(actions({"POST",
                   "/bucket/key?uploads",
                   {{"x-amz-tagging", "a=b"},
                    {"x-amz-grant-read", "id=x"},
                    {"x-amz-object-lock-mode", "x"},
                    {"x-amz-object-lock-legal-hold", "ON"}}}) ==
          Actions{"s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl", "s3:PutObjectRetention",
                  "s3:PutObjectLegalHold"});
    CHECK(actions({"DELETE", "/bucket/key?uploadId=u"}) == Actions{"s3:AbortMultipartUpload"});
    CHECK(actions({"GET", "/bucket/key?uploadId=u"}) == Actions{"s3:ListMultipartUploadParts"});
    CHECK(actions({"GET", "/bucket?uploads"}) == Actions{"s3:ListBucketMultipartUploads"});
    CHECK(actions({"GET", "/bucket/key?versionId=null"}) == Actions{"s3:GetObjectVersion"});
    CHECK(actions({"GET", "/bucket/key?attributes"}) ==
          Actions{"s3:GetObject", "s3:GetObjectAttributes"});
}
