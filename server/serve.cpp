#include "server/serve.h"

#include <cstdio>

#include "base/failpoint.h"
#include "base/last_words.h"
#include "base/log.h"
#include "server/application.h"
#include "server/options.h"
#include "server/signals.h"

namespace holdfast::server {

namespace {

/// The log's thread writes what is queued before the process ends, however it ends.
class Logging {
public:
    explicit Logging(const config::Settings& settings) { base::log::start(log_options(settings)); }
    ~Logging() { base::log::stop(); }
    Logging(const Logging&) = delete;
    Logging& operator=(const Logging&) = delete;
};

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);  // scripts read it through a pipe
}

/// Nothing in builds without failpoints.
Result<void> set_failpoints() {
#ifdef HF_FAILPOINTS
    if (!base::set_failpoints_from_environment())
        return Failure{ExitCode::usage, "HOLDFAST_FAILPOINTS is not understood"};
#endif
    return {};
}

}  // namespace

Result<void> serve(const config::Settings& settings) {
    if (auto set = set_failpoints(); !set) return set;
    Signals signals;
    const Logging logging(settings);
    base::crash_on_uncaught();
    Application application(settings);
    if (auto started = application.start(); !started) return started;
    print(application.banner());
    while (signals.wait() == Signals::Event::reload) application.reload();
    signals.stop_at_once_from_now();
    application.stop();
    base::log::info("stopped");
    return {};
}

}  // namespace holdfast::server
