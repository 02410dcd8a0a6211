/// A catalog on a disk that loses commits it had confirmed, and `holdfast fsck` over it, in
/// process.
#pragma once

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/failpoint.h"
#include "config/settings.h"
#include "server/fsck_rebuild.h"
#include "tests/component/workers/disk_catalog.h"

namespace holdfast::test {

struct FsckOutcome {
    std::string failure;  ///< empty: it got to its end
    boost::json::value report;

    [[nodiscard]] std::uint64_t count(const std::string& name) const {
        return report.at("counts").at(name).to_number<std::uint64_t>();
    }
    [[nodiscard]] std::vector<std::string> problems() const {
        std::vector<std::string> lines;
        for (const auto& line : report.at("problems").as_array())
            lines.emplace_back(line.as_string().c_str());
        return lines;
    }
};

inline FsckOutcome fsck(const std::string& directory,
                        server::Result<void> (*command)(server::FsckVolume&)) {
    const auto settings =
        config::load({"", {}, {"storage.directory=" + directory, "storage.free_bytes_min=16MiB"}});
    REQUIRE(settings);
    server::FsckReport report;
    server::FsckVolume volume(*settings, report);
    const auto done = command(volume);
    return {done ? std::string() : done.error().message, boost::json::parse(report.json())};
}

inline FsckOutcome rebuild(const std::string& directory) {
    auto outcome = fsck(directory, server::fsck_rebuild);
    INFO(outcome.failure);
    REQUIRE(outcome.failure.empty());
    return outcome;
}

/// What the index wrote since its last start is gone.
inline void lose_the_log(const std::string& directory) {
    for (const auto& entry : std::filesystem::directory_iterator(directory + "/index"))
        if (entry.path().extension() == ".log") std::filesystem::resize_file(entry.path(), 0);
}

/// As lose_the_log(), then a rebuild that ends when it has put back one object.
inline void begin_putting_back(const std::string& directory) {
    lose_the_log(directory);
    REQUIRE(base::set_failpoints("commit.wal.before=eio@2"));
    CHECK_FALSE(fsck(directory, server::fsck_rebuild).failure.empty());
    base::set_failpoints("");
}

/// The only blob that is; whole, and not given back with what was replaced.
inline void check_is_quarantined(DiskCatalog& disk, const storage::BlobRef& blob) {
    disk.reclaim();
    const auto check = disk.run(disk.upkeep().check(blob, 0));
    REQUIRE(check);
    CHECK(check->damage.empty());
    CHECK(disk.collect().quarantined == 1);
}

/// Where the index writes what it commits.
inline std::string newest_log(const std::string& directory) {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(directory + "/index"))
        if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
    return newest;
}

/// What is committed before it is not lost with the log.
inline void begin_a_run(DiskCatalog& disk) {
    disk.kill_and_restart();
}

}  // namespace holdfast::test
