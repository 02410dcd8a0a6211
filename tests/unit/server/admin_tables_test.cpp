#include "server/admin_tables.h"

#include <boost/json/parse.hpp>

#include "tests/catch.h"

using namespace holdfast::server;

TEST_CASE("admin tables: bytes carry a unit people read", "[server]") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(1023) == "1023 B");
    CHECK(human_bytes(1536) == "1.5 KiB");
    CHECK(human_bytes(std::uint64_t{3} << 30) == "3.0 GiB");
}

TEST_CASE("admin tables: members below each other, arrays as tables", "[server]") {
    const auto answer = boost::json::parse(R"({"running":true,"last_pass":null,"space":
        {"live_bytes":2048,"on_disk_bytes":17},"rows":[{"key":"a","size_bytes":1},
        {"key":"long\u001bname","size_bytes":2}],"none":[]})");
    CHECK(admin_table(answer.as_object()) ==
          "running    yes\n"
          "last pass  -\n"
          "space\n"
          "  live bytes     2.0 KiB (2048)\n"
          "  on disk bytes  17 B\n"
          "rows\n"
          "  key           size bytes\n"
          "  a             1 B\n"
          "  long\\x1bname  2 B\n"
          "none\n"
          "  none\n");
}
