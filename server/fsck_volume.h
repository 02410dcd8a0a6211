/// The data directory that one run of `holdfast fsck` looks at, and what looking at it takes.
/// threads: main.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "config/settings.h"
#include "server/failure.h"
#include "server/fsck_report.h"
#include "server/run_to_end.h"
#include "storage/catalog/rebuild.h"
#include "storage/local/engine.h"

namespace holdfast::server {

class FsckVolume {
public:
    /// `report` gets what is found on the way. Both outlive it.
    FsckVolume(const config::Settings& settings, FsckReport& report)
        : settings_(settings), report_(report) {}

    enum class Opening {
        to_look,      ///< nothing is written
        as_a_start,   ///< as the server would
        giving_up,    ///< what is missing is given up
        reattaching,  ///< the same, once everything is put back
    };
    base::Expected<std::unique_ptr<storage::local::Engine>, storage::local::OpenError> open(
        Opening opening);

    /// Whole blobs of a directory of segments, the latest first.
    Result<std::vector<storage::catalog::BlobInSegments>> find_blobs(const std::string& directory);
    /// All but where the rows go.
    Result<storage::catalog::RebuildOptions> rebuild_options(const std::string& segments);

    template <class T>
    T run(base::Awaitable<T> work) {
        return run_to_end(loop_, std::move(work));
    }

    [[nodiscard]] const config::Settings& settings() const { return settings_; }
    [[nodiscard]] const std::string& directory() const { return settings_.storage_directory; }
    FsckReport& report() { return report_; }
    base::Vfs& vfs() { return *vfs_; }
    base::Random& random() { return random_; }
    const base::Clock& clock() { return clock_; }

private:
    const config::Settings& settings_;
    FsckReport& report_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    std::unique_ptr<base::Vfs> vfs_ = base::make_posix_vfs();
    base::asio::io_context loop_{1};
    base::WorkerPool pool_{2};
};

}  // namespace holdfast::server
