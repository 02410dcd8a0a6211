#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/s3/operation.h"
#include "tests/catch.h"

using namespace holdfast::s3;

TEST_CASE("docs/support.md is what the operation table says", "[s3][docs]") {
    // tests/unit/server/s3/ of the source tree this was built from.
    const auto root = std::filesystem::path(__FILE__) / "../../../../..";
    std::ifstream file((root / "docs/support.md").lexically_normal());
    REQUIRE(file);
    std::ostringstream text;
    text << file.rdbuf();
    INFO("regenerate it: holdfast support > docs/support.md");
    CHECK((text.str() == support_page()));
}
