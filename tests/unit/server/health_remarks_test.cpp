#include "server/health_remarks.h"

#include <fstream>
#include <iterator>

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

TEST_CASE("health (2.5): every fault that is counted has its remark, and its metric a line of docs",
          "[server][health]") {
    struct Fault {
        const char* metric;
        const char* reason;
        const char* words;
    };
    const Fault faults[] = {
        {"holdfast_storage_faults_total", "", "faults that stopped writes"},
        {"holdfast_storage_ballast_released_total", "",
         "times that the ballast was given up to a full disk"},
        {"holdfast_segment_dead_total", "", "segments given up after a failed sync"},
        {"holdfast_segment_write_failures_total", "no_space", "bodies given up on a full disk"},
        {"holdfast_segment_write_failures_total", "io", "bodies given up after a failed write"},
        {"holdfast_segment_read_failures_total", "", "reads of segments that the disk refused"},
        {"holdfast_segment_corrupt_frames_total", "", "reads of segments that met damage"},
        {"holdfast_frames_not_opened_total", "", "pieces of objects that their key does not open"},
        {"holdfast_index_read_failures_total", "", "reads of the index that failed"},
        {"holdfast_index_background_errors_total", "", "failures of the index' own work"},
        {"holdfast_highwater_failures_total", "",
         "writes of the mark of the last commit that failed"},
        {"holdfast_commits_without_memory_total", "", "changes refused for want of memory"},
        {"holdfast_worker_failures_total", "", "turns of the collector or the scrub that failed"},
        {"holdfast_clock_jumps_total", "", "jumps of the machine's clock"},
        {"holdfast_http_refused_total", "file_descriptors",
         "connections refused for want of file descriptors"},
        {"holdfast_http_refused_total", "memory", "requests refused for want of memory"},
        {"holdfast_http_handlers_failed_total", "memory", "requests given up for want of memory"},
        {"holdfast_http_handlers_failed_total", "error",
         "requests given up after an error of the server"},
    };
    std::ifstream page(HF_SOURCE_DIRECTORY "/docs/operating.md");
    const std::string docs{std::istreambuf_iterator<char>(page), {}};
    REQUIRE_FALSE(docs.empty());
    for (const auto& fault : faults) {
        INFO(fault.metric << " " << fault.reason);
        Sample sample{fault.metric, {}, 3};
        if (*fault.reason != 0) sample.labels["reason"] = fault.reason;
        CHECK(health_remarks({sample}) == std::string("since the start: 3 ") + fault.words + "\n");
        CHECK(docs.find(fault.metric) != std::string::npos);
    }
}
