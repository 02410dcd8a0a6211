// AbortMultipartUpload, ListParts and ListMultipartUploads: spec multipart 10 to 12.

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("AbortMultipartUpload: everything goes, and again is no error (ABT-01 to ABT-05)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    const auto etag = endpoint.put_part("/photos/k", id, 1, std::string(50'000, 'a'));
    endpoint.put_part("/photos/k", id, 2, std::string(50'000, 'b'));
    CHECK(endpoint.blobs.live() == 2);
    const auto target = "/photos/k?uploadId=" + id;
    const auto done = endpoint.remove(target);
    CHECK(done.status == 204);
    CHECK(done.body.empty());
    CHECK(endpoint.collect_garbage() == 2);
    CHECK(endpoint.blobs.live() == 0);
    const auto state = endpoint.state();
    CHECK(endpoint.remove(target).status == 204);
    CHECK(endpoint.put("/photos/k?partNumber=1&uploadId=" + id, "x").outcome() ==
          "404 NoSuchUpload");
    CHECK(endpoint.post(target, part_list({{1, etag}})).outcome() == "404 NoSuchUpload");
    CHECK(endpoint.get(target).outcome() == "404 NoSuchUpload");
    CHECK_FALSE(endpoint.get("/photos?uploads").has_element("Upload"));
    CHECK(endpoint.remove("/photos/k?uploadId=never").outcome() == "404 NoSuchUpload");
    CHECK(endpoint.remove("/photos/other?uploadId=" + id).outcome() == "404 NoSuchUpload");
    CHECK(endpoint.state() == state);
}

TEST_CASE("AbortMultipartUpload: the initiation time as a condition (ABT-06)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    endpoint.clock.advance(std::chrono::hours(1));
    const auto abort = [&](const std::string& date) {
        return endpoint.send(Request("DELETE", "/photos/k?uploadId=" + id)
                                 .header("x-amz-if-match-initiated-time", date));
    };
    const auto before = endpoint.state();
    const auto refused = abort("Tue, 14 Nov 2023 22:13:21 GMT");
    CHECK(refused.outcome() == "412 PreconditionFailed");
    CHECK(refused.element("Condition") == "If-Match-Initiated-Time");
    CHECK(endpoint.state() == before);
    CHECK(abort("Tue, 14 Nov 2023 22:13:20 GMT").status == 204);
}

TEST_CASE("ListParts: what it says of an upload (LP-04 to LP-07, LP-09, UP-11)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/a%26b", {{"x-amz-storage-class", "GLACIER"},
                                                            {"x-amz-checksum-algorithm", "SHA1"}});
    endpoint.clock.advance(std::chrono::seconds(10));
    REQUIRE(endpoint
                .send(Request("PUT", "/photos/a%26b?partNumber=7&uploadId=" + id)
                          .header("x-amz-checksum-sha1", checksum_of("SHA1", "seven"))
                          .body("seven"))
                .status == 200);
    const auto listed = endpoint.get("/photos/a%26b?uploadId=" + id);
    REQUIRE(listed.status == 200);
    const std::string expected =
        "<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>photos"
        "</Bucket><Key>a&amp;b</Key><UploadId>" +
        id + "</UploadId><Initiator><ID>" + canonical_id +
        "</ID><DisplayName>root</DisplayName></Initiator><Owner><ID>" + canonical_id +
        "</ID><DisplayName>root</DisplayName></Owner><StorageClass>GLACIER</StorageClass>"
        "<PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>7</NextPartNumberMarker>"
        "<MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated>"
        "<ChecksumAlgorithm>SHA1</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>"
        "<Part><PartNumber>7</PartNumber><LastModified>2023-11-14T22:13:30.000Z</LastModified>"
        "<ETag>&quot;" +
        hex_md5("seven") + "&quot;</ETag><Size>5</Size><ChecksumSHA1>" +
        checksum_of("SHA1", "seven") + "</ChecksumSHA1></Part></ListPartsResult>";
    CHECK(listed.body.find(expected) != std::string::npos);
    const auto plain = endpoint.start_upload("/photos/k");
    const auto nothing = endpoint.get("/photos/k?uploadId=" + plain);
    CHECK_FALSE(nothing.has_element("ChecksumAlgorithm"));
    CHECK_FALSE(nothing.has_element("ChecksumType"));
    CHECK(nothing.element("StorageClass") == "STANDARD");
    CHECK(nothing.element("NextPartNumberMarker") == "0");
}

TEST_CASE("ListParts: pages (LP-01 to LP-03, LP-05, LP-10)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    for (const int number : {10, 1, 9999, 3, 300}) endpoint.put_part("/photos/k", id, number, "x");
    struct Row {
        std::string query;
        Texts numbers;
        std::string next;
        std::string truncated;
        std::string max;
    };
    const Row rows[] = {
        {"", {"1", "3", "10", "300", "9999"}, "9999", "false", "1000"},
        {"&max-parts=", {"1", "3", "10", "300", "9999"}, "9999", "false", "1000"},
        {"&max-parts=2", {"1", "3"}, "3", "true", "2"},
        {"&max-parts=2&part-number-marker=3", {"10", "300"}, "300", "true", "2"},
        {"&max-parts=2&part-number-marker=300", {"9999"}, "9999", "false", "2"},
        {"&max-parts=5", {"1", "3", "10", "300", "9999"}, "9999", "false", "5"},
        {"&max-parts=100000", {"1", "3", "10", "300", "9999"}, "9999", "false", "1000"},
        {"&max-parts=0", {}, "0", "false", "0"},
        {"&part-number-marker=9999", {}, "0", "false", "1000"},
        {"&part-number-marker=2147483647", {}, "0", "false", "1000"},
    };
    for (const auto& row : rows) {
        INFO(row.query);
        const auto page = endpoint.get("/photos/k?uploadId=" + id + row.query);
        CHECK(page.elements("PartNumber") == row.numbers);
        CHECK(page.element("NextPartNumberMarker") == row.next);
        CHECK(page.element("IsTruncated") == row.truncated);
        CHECK(page.element("MaxParts") == row.max);
    }
    for (const std::string name : {"max-parts", "part-number-marker"})
        for (const std::string value : {"-1", "x", "2147483648", "1.5"}) {
            INFO(name << "=" << value);
            const auto refused =
                endpoint.get("/photos/k?uploadId=" + id + "&" + name + "=" + value);
            CHECK(refused.outcome() == "400 InvalidArgument");
            CHECK(refused.element("ArgumentName") == name);
            CHECK(refused.element("ArgumentValue") == value);
        }
}

TEST_CASE("ListMultipartUploads: what it says (LMU-01, LMU-09, LMU-10, LMU-12)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto empty = endpoint.get("/photos?uploads");
    CHECK(empty.body.find("<Bucket>photos</Bucket><KeyMarker></KeyMarker><UploadIdMarker>"
                          "</UploadIdMarker><NextKeyMarker></NextKeyMarker><NextUploadIdMarker>"
                          "</NextUploadIdMarker><MaxUploads>1000</MaxUploads><IsTruncated>false"
                          "</IsTruncated></ListMultipartUploadsResult>") != std::string::npos);
    const auto b1 = endpoint.start_upload("/photos/b", {{"x-amz-checksum-algorithm", "CRC32"}});
    endpoint.clock.advance(std::chrono::seconds(1));
    const auto a = endpoint.start_upload("/photos/a");
    endpoint.clock.advance(std::chrono::seconds(1));
    const auto b2 = endpoint.start_upload("/photos/b");
    const auto listed = endpoint.get("/photos?uploads");
    CHECK(listed.elements("Key") == Texts{"a", "b", "b"});
    CHECK(listed.elements("UploadId") == Texts{a, b1, b2});
    CHECK(listed.element("NextKeyMarker") == "b");
    CHECK(listed.element("NextUploadIdMarker") == b2);
    CHECK(listed.elements("Initiated").front() == "2023-11-14T22:13:21.000Z");
    CHECK(listed.elements("StorageClass") == Texts(3, "STANDARD"));
    CHECK(listed.elements("ChecksumAlgorithm") == Texts{"CRC32"});
    CHECK(listed.elements("ChecksumType") == Texts{"COMPOSITE"});
    CHECK(listed.element("ID") == canonical_id);
}

TEST_CASE("ListMultipartUploads: markers and pages (LMU-02 to LMU-05)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto start = [&](const std::string& key) {
        endpoint.clock.advance(std::chrono::milliseconds(5));
        return endpoint.start_upload("/photos/" + key);
    };
    const auto a = start("a");
    const auto b1 = start("b");
    const auto b2 = start("b");
    const auto b3 = start("b");
    const auto c = start("c");
    const auto ids = [&](const std::string& query) {
        return endpoint.get("/photos?uploads" + query).elements("UploadId");
    };
    CHECK(ids("&key-marker=a") == Texts{b1, b2, b3, c});
    CHECK(ids("&key-marker=b") == Texts{c});
    CHECK(ids("&key-marker=b&upload-id-marker=" + b1) == Texts{b2, b3, c});
    CHECK(ids("&upload-id-marker=" + b1) == Texts{a, b1, b2, b3, c});
    CHECK(endpoint.get("/photos?uploads&upload-id-marker=" + b1).element("UploadIdMarker").empty());
    CHECK(ids("&prefix=b") == Texts{b1, b2, b3});
    // Page by page, one at a time.
    Texts walked;
    std::string markers;
    for (int pages = 0; pages < 10; ++pages) {
        const auto page = endpoint.get("/photos?uploads&max-uploads=1" + markers);
        const auto found = page.elements("UploadId");
        walked.insert(walked.end(), found.begin(), found.end());
        if (page.element("IsTruncated") != "true") break;
        markers = "&key-marker=" + page.element("NextKeyMarker") +
                  "&upload-id-marker=" + page.element("NextUploadIdMarker");
    }
    CHECK(walked == Texts{a, b1, b2, b3, c});
    // An id that ended since is a position still; one that never was is refused.
    REQUIRE(endpoint.remove("/photos/b?uploadId=" + b2).status == 204);
    CHECK(ids("&key-marker=b&upload-id-marker=" + b2) == Texts{b3, c});
    for (const auto& wrong : {a, std::string("unknown")}) {
        const auto refused = endpoint.get("/photos?uploads&key-marker=b&upload-id-marker=" + wrong);
        CHECK(refused.outcome() == "400 InvalidArgument");
        CHECK(refused.element("Message") == "Invalid uploadId marker");
        CHECK(refused.element("ArgumentValue") == wrong);
    }
    for (const std::string value : {"-1", "x"}) {
        const auto refused = endpoint.get("/photos?uploads&max-uploads=" + value);
        CHECK(refused.outcome() == "400 InvalidArgument");
        CHECK(refused.element("ArgumentName") == "max-uploads");
    }
    const auto none = endpoint.get("/photos?uploads&max-uploads=0");
    CHECK(none.elements("UploadId").empty());
    CHECK(none.element("IsTruncated") == "false");
    CHECK(endpoint.get("/photos?uploads&max-uploads=5000").element("MaxUploads") == "1000");
}

TEST_CASE("ListMultipartUploads: groups and encoding (LMU-06 to LMU-08, LMU-10, LMU-11)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    for (const auto* key : {"a%20b", "dir/one", "dir/two", "dir2/x", "z%C3%A9"})
        endpoint.start_upload(std::string("/photos/") + key);
    const auto grouped = endpoint.get("/photos?uploads&delimiter=/&encoding-type=url");
    CHECK(grouped.elements("Key") == Texts{"a%20b", "z%C3%A9"});
    CHECK(grouped.elements("Prefix") == Texts{"dir/", "dir2/"});
    CHECK(grouped.element("EncodingType") == "url");
    CHECK(grouped.element("Delimiter") == "/");
    const auto first = endpoint.get("/photos?uploads&delimiter=/&max-uploads=2");
    CHECK(first.elements("Key") == Texts{"a b"});
    CHECK(first.element("NextKeyMarker") == "dir/");
    CHECK(first.element("NextUploadIdMarker").empty());
    CHECK(first.element("IsTruncated") == "true");
    const auto second = endpoint.get("/photos?uploads&delimiter=/&max-uploads=2&key-marker=dir/");
    CHECK(second.elements("Prefix") == Texts{"dir2/"});
    CHECK(second.elements("Key") == Texts{"z\xC3\xA9"});
    CHECK(second.element("IsTruncated") == "false");
    const auto inside = endpoint.get("/photos?uploads&prefix=dir/&delimiter=/");
    CHECK(inside.elements("Key") == Texts{"dir/one", "dir/two"});
    CHECK(endpoint.get("/photos?uploads&delimiter=r/").elements("Prefix") == Texts{"dir/"});
    for (const std::string type : {"", "xml"}) {
        const auto refused = endpoint.get("/photos?uploads&encoding-type=" + type);
        CHECK(refused.outcome() == "400 InvalidArgument");
        CHECK(refused.element("Message") == "Invalid Encoding Method specified in Request");
        CHECK(refused.element("ArgumentName") == "encoding-type");
    }
}

TEST_CASE("DeleteBucket: open uploads go with the bucket (RACE-09)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    endpoint.put_part("/photos/k", id, 1, "abc");
    CHECK(endpoint.remove("/photos").status == 204);
    for (const auto& answer :
         {endpoint.get("/photos/k?uploadId=" + id), endpoint.get("/photos?uploads"),
          endpoint.put("/photos/k?partNumber=2&uploadId=" + id, "x"),
          endpoint.post("/photos/k?uploadId=" + id, part_list({{1, "\"e\""}}))}) {
        CHECK(answer.outcome() == "404 NoSuchBucket");
        CHECK(answer.element("BucketName") == "photos");
    }
    REQUIRE(endpoint.put("/photos").status == 200);
    CHECK(endpoint.get("/photos/k?uploadId=" + id).outcome() == "404 NoSuchUpload");
}

}  // namespace holdfast::test
