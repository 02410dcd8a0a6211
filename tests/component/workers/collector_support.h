/// What the tests of the collector's work share.
#pragma once

#include <chrono>
#include <cstdint>

#include "tests/component/workers/disk_catalog.h"

namespace holdfast::test {

inline workers::CollectorOptions keeping(std::chrono::milliseconds quarantine) {
    workers::CollectorOptions options;
    options.quarantine = quarantine;
    return options;
}

/// The report's parts are the whole, and the whole is what the kernel says.
inline void check_sum(DiskCatalog& disk, const workers::CollectorReport& report) {
    CHECK(report.failure.empty());
    CHECK(report.use.sum() == report.allocated_bytes);
    CHECK(report.allocated_bytes == disk.bytes_on_disk());
}

}  // namespace holdfast::test
