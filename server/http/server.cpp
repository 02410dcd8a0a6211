#include "server/http/server.h"

#include <signal.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <future>

#include "base/assert.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "server/http/bound_socket.h"
#include "server/http/listener.h"
#include "server/http/loop.h"
#include "server/http/shared.h"
#include "server/http/tls_context.h"

namespace holdfast::http {

namespace asio = boost::asio;

namespace {

/// Handlers of connections that were cut see an error at their next step; this is their time for
/// it.
constexpr std::chrono::milliseconds after_cut_timeout{1'000};

/// Signals belong to the thread that waits for them, and a broken connection is an error code.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

struct Server::State {
    State(ServerOptions given, const base::Clock& clock)
        : options(std::move(given)), shared(options) {
        HF_ASSERT(options.loops > 0);
        for (std::size_t i = 0; i < options.loops; ++i)
            loops.push_back(std::make_unique<Loop>(clock, options.server_name));
    }

    ~State() {
        join();
        shared.gate.close();
        shared.memory.close();
    }

    void join() {
        for (auto& loop : loops) {
            loop->context.stop();
            if (loop->thread.joinable()) loop->thread.join();
        }
    }

    /// Runs `task` on every loop and waits for all of them.
    template <class Task>
    void on_every_loop(Task task) {
        std::vector<std::future<void>> done;
        for (auto& loop : loops) {
            std::packaged_task<void()> work([&task, &loop] { task(*loop); });
            done.push_back(work.get_future());
            if (loop->thread.joinable()) {
                asio::post(loop->context, std::move(work));
            } else {
                work();
            }
        }
        for (auto& one : done) one.get();
    }

    const ServerOptions options;
    Shared shared;
    std::vector<std::shared_ptr<TlsContext>> tls;
    std::vector<std::unique_ptr<Loop>> loops;
};

Server::Server(ServerOptions options, const base::Clock& clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {}

Server::~Server() = default;

base::Expected<std::uint16_t, StartError> Server::listen(const ListenOptions& options,
                                                         RequestHandler& handler) {
    std::shared_ptr<TlsContext> tls;
    if (options.tls) {
        auto loaded = TlsContext::load(*options.tls);
        if (!loaded) return std::move(loaded).error();
        tls = *loaded;
        state_->tls.push_back(tls);
    }
    auto bound = bind_sockets(options.address, options.port, state_->loops.size());
    if (!bound) return std::move(bound).error();
    for (std::size_t i = 0; i < state_->loops.size(); ++i) {
        Loop& loop = *state_->loops[i];
        const Session::Place place{loop, state_->shared, handler, options.limited};
        loop.listeners.push_back(
            std::make_unique<Listener>(place, bound->sockets[i], bound->is_v6, tls));
        loop.listeners.back()->start();
    }
    return bound->port;
}

void Server::run() {
    const SignalsBlocked blocked;  // inherited by the threads
    for (auto& loop : state_->loops)
        loop->thread = std::thread([&context = loop->context] { context.run(); });
}

void Server::post(std::size_t loop, std::function<void()> task) {
    asio::post(state_->loops.at(loop)->context, std::move(task));
}

base::IoExecutor Server::executor(std::size_t loop) const {
    return state_->loops.at(loop)->context.get_executor();
}

base::Expected<void, StartError> Server::reload_tls() {
    static_cast<void>(HF_FAILPOINT("reload"));
    base::Expected<void, StartError> result;
    for (const auto& tls : state_->tls) {
        auto reloaded = tls->reload();
        if (!reloaded) result = std::move(reloaded).error();
    }
    return result;
}

Drained Server::drain(std::chrono::milliseconds timeout) {
    static_cast<void>(HF_FAILPOINT("shutdown.drain"));
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    state_->shared.draining.store(true);
    state_->on_every_loop([](Loop& loop) {
        for (auto& listener : loop.listeners) listener->stop();
        const auto sessions = loop.sessions;  // a session may end meanwhile
        for (Session* session : sessions) session->begin_drain();
    });
    std::atomic<std::size_t> cut{0};
    if (!state_->shared.wait_until_no_session(deadline)) {
        state_->on_every_loop([&cut](Loop& loop) {
            for (Session* session : loop.sessions)
                if (session->cut()) ++cut;
        });
        state_->shared.wait_until_no_session(std::chrono::steady_clock::now() + after_cut_timeout);
    }
    state_->join();
    return {cut.load(), state_->shared.sessions()};
}

}  // namespace holdfast::http
