/// The whole server as one object: every room it is made of, in the order they depend on each
/// other.
///
/// start: admin listener (so that /health/live answers at once) -> data directory -> keyring ->
/// root account -> catalog -> S3 listener -> ready. stop: the other way round, after draining.
/// source: docs/architecture.md 2 and 7, spec durability 3. threads: main.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

class Application {
public:
    explicit Application(config::Settings settings);
    /// Stops without waiting for running requests, if stop() did not. May end the process, as
    /// stop() does.
    ~Application();
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    /// Serves when it returns. Once.
    Result<void> start();
    /// What to tell people. REQUIRES: start() succeeded.
    [[nodiscard]] std::string banner() const;
    /// SIGHUP: certificates and log file.
    void reload();
    /// Says "draining", waits limits.drain_delay, drains for at most limits.drain_timeout, closes
    /// the engine. Ends the process with ExitCode::failure, without the clean marker, when the
    /// storage is still at work for a request that was cut, or anything else takes longer than
    /// eight seconds beyond that (stop_deadline.h).
    void stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::server
