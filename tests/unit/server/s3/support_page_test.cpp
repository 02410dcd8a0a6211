#include <fstream>
#include <sstream>

#include "server/s3/operation.h"
#include "tests/catch.h"

using namespace holdfast::s3;

TEST_CASE("docs/support.md is what the operation table says", "[s3][docs]") {
    std::ifstream file(HF_SOURCE_DIRECTORY "/docs/support.md");
    REQUIRE(file);
    std::ostringstream text;
    text << file.rdbuf();
    INFO("regenerate it: holdfast support > docs/support.md");
    CHECK((text.str() == support_page()));
}
