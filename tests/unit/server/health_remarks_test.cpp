#include "server/health_remarks.h"

#include "tests/catch.h"

using holdfast::base::metrics::Sample;
using holdfast::server::health_remarks;

TEST_CASE("health (2.5): a server without trouble has nothing to remark", "[server][health]") {
    CHECK(health_remarks({}).empty());
    CHECK(health_remarks({{"holdfast_requests_total", {{"status", "5xx"}}, 7},
                          {"holdfast_segment_dead_total", {}, 0},
                          {"holdfast_memory_level", {}, 0},
                          {"holdfast_http_refused_total", {{"reason", "request_head"}}, 3}})
              .empty());
}

TEST_CASE("health (2.5): what is wrong now and what went wrong since the start",
          "[server][health]") {
    CHECK(health_remarks({{"holdfast_segment_dead_total", {}, 2},
                          {"holdfast_storage_short_of_space", {}, 1},
                          {"holdfast_memory_level", {}, 2}}) ==
          "the disk is nearly full: uploads are refused\n"
          "memory is short: bodies or requests wait or are refused\n"
          "since the start: 2 segments given up after a failed sync\n");
}

TEST_CASE("health (2.5): one metric with several reasons", "[server][health]") {
    CHECK(health_remarks({{"holdfast_http_refused_total", {{"reason", "memory"}}, 1},
                          {"holdfast_http_refused_total", {{"reason", "connections"}}, 9},
                          {"holdfast_http_refused_total", {{"reason", "file_descriptors"}}, 4},
                          {"holdfast_worker_failures_total", {{"worker", "scrub"}}, 5},
                          {"holdfast_worker_failures_total", {{"worker", "collector"}}, 6}}) ==
          "since the start: 11 turns of the collector or the scrub that failed\n"
          "since the start: 4 connections refused for want of file descriptors\n"
          "since the start: 1 requests refused for want of memory\n");
}
