// A listing that the disk makes slow ends its page early and goes on with the next: spec durability
// 4 (list page), P8.

#include "model/uri.h"
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using Texts = std::vector<std::string>;

/// Each look into the index takes a third of a page's time.
struct SlowDisk : MemoryEndpoint {
    void become_slow() {
        rows.on_scan = [this] { clock.advance(std::chrono::milliseconds(70)); };
    }
};

}  // namespace

TEST_CASE("ListObjects: a slow walk over groups is cut into pages, each with where to go on",
          "[s3][listing]") {
    for (const bool v2 : {false, true}) {
        SlowDisk endpoint;
        Texts groups;
        for (char group = 'a'; group <= 'j'; ++group) {
            groups.push_back(std::string(1, group) + "/");
            for (int key = 0; key < 40; ++key)
                REQUIRE(
                    endpoint.put("/photos/" + groups.back() + std::to_string(key), "x").status ==
                    200);
        }
        endpoint.become_slow();
        Texts listed;
        std::string next;
        int pages = 0;
        do {
            const auto page = endpoint.get("/photos?delimiter=/&max-keys=20" +
                                           std::string(v2 ? "&list-type=2" : "") + next);
            REQUIRE(page.status == 200);
            ++pages;
            auto names = page.elements("Prefix");
            names.erase(names.begin());  // the query's own
            REQUIRE_FALSE(names.empty());
            listed.insert(listed.end(), names.begin(), names.end());
            next.clear();
            if (page.element("IsTruncated") != "true") continue;
            next = v2 ? "&continuation-token=" +
                            model::percent_encode(page.element("NextContinuationToken"))
                      : "&marker=" + model::percent_encode(page.element("NextMarker"));
        } while (!next.empty());
        CHECK(listed == groups);
        CHECK(pages >= 3);
    }
}

TEST_CASE("ListMultipartUploads: a slow walk is cut into pages as well", "[s3][listing]") {
    SlowDisk endpoint;
    Texts groups;
    for (char group = 'a'; group <= 'j'; ++group) {
        groups.push_back(std::string(1, group) + "/");
        for (int key = 0; key < 20; ++key)
            endpoint.start_upload("/photos/" + groups.back() + std::to_string(key));
    }
    endpoint.become_slow();
    Texts listed;
    std::string marker;
    int pages = 0;
    for (bool more = true; more; ++pages) {
        const auto page = endpoint.get("/photos?uploads&delimiter=/&max-uploads=15&key-marker=" +
                                       model::percent_encode(marker));
        REQUIRE(page.status == 200);
        const auto names = page.elements("Prefix");
        REQUIRE_FALSE(names.empty());
        listed.insert(listed.end(), names.begin(), names.end());
        more = page.element("IsTruncated") == "true";
        marker = page.element("NextKeyMarker");
    }
    CHECK(listed == groups);
    CHECK(pages >= 3);
}

}  // namespace holdfast::test
