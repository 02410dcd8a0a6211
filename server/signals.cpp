#include "server/signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/assert.h"
#include "server/failure.h"

namespace holdfast::server {

namespace {

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    HF_ASSERT(::sigaction(signal, &action, nullptr) == 0);
}

sigset_t set_of(std::initializer_list<int> signals) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals) ::sigaddset(&set, signal);
    return set;
}

// Only what is allowed in a signal handler: no destructors, no flushing.
void end_process(int) {
    ::_exit(static_cast<int>(ExitCode::failure));
}

}  // namespace

Signals::Signals() {
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
    const sigset_t waited = set_of({SIGTERM, SIGINT, SIGHUP});
    HF_ASSERT(::pthread_sigmask(SIG_BLOCK, &waited, nullptr) == 0);
}

Signals::Event Signals::wait() {
    const sigset_t waited = set_of({SIGTERM, SIGINT, SIGHUP});
    int signal = 0;
    HF_ASSERT(::sigwait(&waited, &signal) == 0);
    return signal == SIGHUP ? Event::reload : Event::stop;
}

void Signals::stop_at_once_from_now() {
    handle(SIGTERM, end_process);
    handle(SIGINT, end_process);
    const sigset_t stopping = set_of({SIGTERM, SIGINT});
    HF_ASSERT(::pthread_sigmask(SIG_UNBLOCK, &stopping, nullptr) == 0);
}

}  // namespace holdfast::server
