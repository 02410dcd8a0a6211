#ifdef HF_FAILPOINTS

#include "base/failpoint.h"
#include "tests/catch.h"

using namespace holdfast::base;

namespace {

/// Leaves nothing broken for the tests after it.
struct Fixture {
    Fixture() = default;
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    ~Fixture() { set_test_breaks(""); }
};

}  // namespace

TEST_CASE("test break: only what is named is left out", "[base][failpoint]") {
    const Fixture fixture;
    CHECK_FALSE(HF_TEST_BREAK("blob_sync"));
    REQUIRE(set_test_breaks("blob_sync|gc_order"));
    CHECK(HF_TEST_BREAK("blob_sync"));
    CHECK(HF_TEST_BREAK("gc_order"));
    CHECK_FALSE(HF_TEST_BREAK("dir_sync"));
    CHECK_FALSE(HF_TEST_BREAK("wal_sync"));
    REQUIRE(set_test_breaks(""));
    CHECK_FALSE(HF_TEST_BREAK("blob_sync"));
}

TEST_CASE("test break: an unknown name is refused and changes nothing", "[base][failpoint]") {
    const Fixture fixture;
    REQUIRE(set_test_breaks("wal_sync"));
    CHECK_FALSE(set_test_breaks("wal_sink"));
    CHECK_FALSE(
        set_test_breaks("dir_sync|"
                        "|blob_sync"));
    CHECK(HF_TEST_BREAK("wal_sync"));
    CHECK_FALSE(HF_TEST_BREAK("dir_sync"));
}

#endif
