// ListObjects, ListObjectsV2 and ListBuckets page by page: spec operations 4 and 5.

#include <algorithm>

#include "model/uri.h"
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using Texts = std::vector<std::string>;

std::string encoded(const std::string& text) {
    return model::percent_encode(text);
}

struct Listed : MemoryEndpoint {
    explicit Listed(const Texts& keys) {
        for (const auto& key : keys) REQUIRE(put("/photos/" + key, "x").status == 200);
    }
};

/// Names in the order of the pages; each page holds at most `size`.
Texts walk(Endpoint& endpoint, const std::string& query, const std::string& size, bool v2) {
    Texts names;
    std::string next;
    for (int pages = 0; pages < 50; ++pages) {
        const auto page =
            endpoint.get("/photos?max-keys=" + size + query + (v2 ? "&list-type=2" : "") + next);
        REQUIRE(page.status == 200);
        const auto keys = page.elements("Key");
        auto groups = page.elements("Prefix");
        groups.erase(groups.begin());  // the query's own
        CHECK(keys.size() + groups.size() <= std::stoul(size));
        if (v2) CHECK(page.element("KeyCount") == std::to_string(keys.size() + groups.size()));
        Texts both = keys;
        both.insert(both.end(), groups.begin(), groups.end());
        std::sort(both.begin(), both.end());
        names.insert(names.end(), both.begin(), both.end());
        if (page.element("IsTruncated") != "true") return names;
        if (v2)
            next = "&continuation-token=" + encoded(page.element("NextContinuationToken"));
        else
            next = "&marker=" + encoded(page.has_element("NextMarker") ? page.element("NextMarker")
                                                                       : keys.back());
    }
    FAIL("the listing does not end");
    return names;
}

}  // namespace

TEST_CASE("ListObjects: what it says (operations 5)", "[s3][listing]") {
    Listed endpoint({"b", "a%26c", "d"});
    const auto v1 = endpoint.get("/photos");
    CHECK(v1.body.find("<Name>photos</Name><Prefix></Prefix><Marker></Marker>"
                       "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><Contents>"
                       "<Key>a&amp;c</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>"
                       "<ETag>&quot;" +
                       hex_md5("x") +
                       "&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
                       "<ChecksumType>FULL_OBJECT</ChecksumType><Size>1</Size>"
                       "<StorageClass>STANDARD</StorageClass><Owner><ID>" +
                       canonical_id + "</ID>") != std::string::npos);
    const auto v2 = endpoint.get("/photos?list-type=2&start-after=b");
    CHECK(v2.elements("Key") == Texts{"d"});
    CHECK(v2.element("KeyCount") == "1");
    CHECK(v2.element("StartAfter") == "b");
    CHECK_FALSE(v2.has_element("Owner"));
    CHECK_FALSE(v2.has_element("Marker"));
    CHECK(endpoint.get("/photos?list-type=2&fetch-owner=true").element("ID") == canonical_id);
    CHECK(endpoint.get("/nowhere").outcome() == "404 NoSuchBucket");
    CHECK(endpoint.get("/nowhere?list-type=2").outcome() == "404 NoSuchBucket");
    CHECK(endpoint.get("/photos?prefix=zz").elements("Key").empty());
}

TEST_CASE("ListObjects: pages give every name once (operations 5)", "[s3][listing]") {
    Listed endpoint({"0/a", "1999", "1999%23", "asdf/", "asdf/b", "boo/bar", "boo/baz/x", "cquux/a",
                     "cquux/b", "z%C3%A9", "zz"});
    const Texts all{"0/a",       "1999",    "1999#",   "asdf/",     "asdf/b", "boo/bar",
                    "boo/baz/x", "cquux/a", "cquux/b", "z\xC3\xA9", "zz"};
    Texts sorted = all;
    std::sort(sorted.begin(), sorted.end());
    const Texts grouped{"0/", "1999", "1999#", "asdf/", "boo/", "cquux/", "zz", "z\xC3\xA9"};
    for (const bool v2 : {false, true})
        for (const std::string size : {"1", "2", "3", "1000"}) {
            INFO(v2 << " " << size);
            CHECK(walk(endpoint, "", size, v2) == sorted);
            CHECK(walk(endpoint, "&delimiter=/", size, v2) == grouped);
            CHECK(walk(endpoint, "&delimiter=/&prefix=boo/", size, v2) ==
                  Texts{"boo/bar", "boo/baz/"});
            CHECK(walk(endpoint, "&delimiter=/&prefix=asdf/", size, v2) ==
                  Texts{"asdf/", "asdf/b"});
            CHECK(walk(endpoint, "&delimiter=99", size, v2).at(1) == "199");
        }
    // A marker inside a group, and one that is the group.
    CHECK(endpoint.get("/photos?delimiter=/&marker=boo/").elements("Prefix") ==
          Texts{"", "cquux/"});
    CHECK(endpoint.get("/photos?delimiter=/&marker=boo/bar").elements("Prefix") ==
          Texts{"", "boo/", "cquux/"});
    CHECK(endpoint.get("/photos?marker=zzz").element("IsTruncated") == "false");
    CHECK(endpoint.get("/photos?marker=zz").element("Marker") == "zz");
}

TEST_CASE("ListObjects: parameters that are wrong or unusual (operations 5)", "[s3][listing]") {
    Listed endpoint({"a", "b", "c"});
    for (const std::string type : {"", "&list-type=2"}) {
        for (const std::string value : {"-1", "x", "2147483648", "1.0"}) {
            const auto refused = endpoint.get("/photos?max-keys=" + value + type);
            CHECK(refused.outcome() == "400 InvalidArgument");
            CHECK(refused.element("ArgumentName") == "max-keys");
        }
        CHECK(endpoint.get("/photos?encoding-type=xml" + type).outcome() == "400 InvalidArgument");
        CHECK(endpoint.get("/photos?max-keys=5000" + type).element("MaxKeys") == "1000");
        CHECK(endpoint.get("/photos?max-keys=" + type).element("MaxKeys") == "1000");
        const auto none = endpoint.get("/photos?max-keys=0" + type);
        CHECK(none.elements("Key").empty());
        CHECK(none.element("IsTruncated") == "false");
        CHECK_FALSE(endpoint.get("/photos?delimiter=" + type).has_element("Delimiter"));
    }
    CHECK(endpoint.get("/photos?list-type=2&continuation-token=garbage").outcome() ==
          "400 InvalidArgument");
    const auto raw_token =
        endpoint.get("/photos?list-type=2&max-keys=1").element("NextContinuationToken");
    const auto token = encoded(raw_token);
    CHECK(endpoint.get("/photos?list-type=2&prefix=b&continuation-token=" + token).outcome() ==
          "400 InvalidArgument");
    const auto both = endpoint.get("/photos?list-type=2&start-after=c&continuation-token=" + token);
    CHECK(both.elements("Key") == Texts{"b", "c"});
    CHECK(both.element("ContinuationToken") == raw_token);
    CHECK(both.element("StartAfter") == "c");
    const auto empty = endpoint.get("/photos?list-type=2&continuation-token=");
    CHECK(empty.elements("Key") == Texts{"a", "b", "c"});
    CHECK(empty.has_element("ContinuationToken"));
    CHECK(endpoint
              .send(Request("GET", "/photos").header("x-amz-optional-object-attributes", "Colour"))
              .outcome() == "400 InvalidArgument");
}

TEST_CASE(
    "ListObjects: names travel encoded when asked, and never damage the document "
    "(operations 3.3, 5)",
    "[s3][listing]") {
    Listed endpoint({"a%20%2B(b)*/x", "c%0D", "d%01", "%C3%A9"});
    const auto encoded = endpoint.get("/photos?encoding-type=url");
    CHECK(encoded.element("EncodingType") == "url");
    CHECK(encoded.elements("Key") == Texts{"a%20%2B%28b%29%2A/x", "c%0D", "d%01", "%C3%A9"});
    CHECK(endpoint.get("/photos?encoding-type=url&delimiter=%2B").elements("Prefix").back() ==
          "a%20%2B");
    const auto plain = endpoint.get("/photos");
    CHECK(plain.elements("Key").at(1) == "c\r");
    CHECK(plain.body.find("d&#x1;") != std::string::npos);
}

TEST_CASE("ListBuckets: pages and prefixes (operations 4)", "[s3][listing][buckets]") {
    MemoryEndpoint endpoint;
    for (const auto* name : {"/alpha", "/beta", "/beta-2"})
        REQUIRE(endpoint.put(name).status == 200);
    Texts names;
    std::string next;
    for (int pages = 0; pages < 10; ++pages) {
        const auto page = endpoint.get("/?max-buckets=1" + next);
        const auto found = page.elements("Name");
        names.insert(names.end(), found.begin(), found.end());
        if (!page.has_element("ContinuationToken")) break;
        next = "&continuation-token=" + encoded(page.element("ContinuationToken"));
    }
    CHECK(names == Texts{"alpha", "beta", "beta-2", "photos"});
    const auto prefixed = endpoint.get("/?prefix=beta");
    CHECK(prefixed.elements("Name") == Texts{"beta", "beta-2"});
    CHECK(prefixed.element("Prefix") == "beta");
    for (const std::string value : {"0", "10001", "x"})
        CHECK(endpoint.get("/?max-buckets=" + value).outcome() == "400 InvalidArgument");
    CHECK(endpoint.send(Request("GET", "/").signing(Signing::anonymous)).outcome() ==
          "403 AccessDenied");
}

}  // namespace holdfast::test
