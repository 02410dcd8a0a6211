/// One thread with its event loop and connections.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "bench/load/connection.h"

namespace holdfast::bench {

struct RunControl {
    std::atomic<bool> recording{false};
    std::atomic<bool> stopping{false};   ///< what is under way is finished, nothing else begun
    std::atomic<bool> abandoned{false};  ///< not even that
};

class Worker {
public:
    Worker(sockaddr_in address, const ComposerOptions& composer, RunControl& control);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void add(std::unique_ptr<Script> script);
    /// Returns when every script is through, or the run is abandoned.
    void run();
    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

private:
    RunControl& control_;
    RequestComposer composer_;
    std::string buffer_;
    Statistics statistics_;
    ConnectionContext context_;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace holdfast::bench
