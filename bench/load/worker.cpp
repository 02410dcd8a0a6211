#include "bench/load/worker.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/limits.h"

namespace holdfast::bench {

namespace {

constexpr int wake_up_ms = 100;  // how late a stop is noticed when nothing arrives
constexpr std::size_t events_max = 256;

}  // namespace

Worker::Worker(sockaddr_in address, const ComposerOptions& composer, RunControl& control)
    : control_(control),
      composer_(composer),
      buffer_(256 * base::KiB, '\0'),
      context_{.address = address,
               .epoll = epoll_create1(EPOLL_CLOEXEC),
               .composer = composer_,
               .buffer = buffer_,
               .statistics = statistics_,
               .recording = control.recording,
               .stopping = control.stopping} {}

Worker::~Worker() {
    connections_.clear();
    ::close(context_.epoll);
}

void Worker::add(std::unique_ptr<Script> script) {
    connections_.push_back(std::make_unique<Connection>(context_, std::move(script)));
}

void Worker::run() {
    for (auto& connection : connections_) connection->start();
    std::array<epoll_event, events_max> events{};
    const auto active = [](const auto& connection) { return !connection->finished(); };
    while (!control_.abandoned.load(std::memory_order_relaxed)) {
        const int count =
            epoll_wait(context_.epoll, events.data(), static_cast<int>(events.size()), wake_up_ms);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            static_cast<Connection*>(event.data.ptr)->drive(event.events);
        }
        const bool may_have_ended = count <= 0 || control_.stopping.load() ||
                                    std::none_of(connections_.begin(), connections_.end(), active);
        if (may_have_ended && std::none_of(connections_.begin(), connections_.end(), active))
            return;
    }
}

}  // namespace holdfast::bench
