#include <thread>

#include "base/limits.h"
#include "bench/micro/loopback.h"
#include "bench/micro/stopwatch.h"

namespace holdfast::bench {

namespace {

// As an upload: the peer sends from a block that stays in its cache, this side copies into the
// buffer of a body.
Figure measure_receive(const MicroOptions& options) {
    const Loopback pair;
    std::atomic<bool> stop = false;
    std::thread peer([&] {
        const base::Bytes block(base::MiB);
        while (!stop && pair.send(block)) continue;
        pair.end_sending();
    });
    Figure figure{.name = "receive"};
    base::Bytes buffer(base::body_buffer_bytes);
    const Stopwatch watch(CpuOf::thread);
    while (!watch.past(options.duration)) {
        figure.bytes += pair.receive(buffer);
        ++figure.operations;
    }
    watch.stop(figure);
    stop = true;
    while (pair.receive(buffer) != 0) continue;
    peer.join();
    return figure;
}

// As a download to the load generator: the peer drops what arrives.
Figure measure_send(const MicroOptions& options) {
    const Loopback pair;
    std::thread peer([&] {
        while (pair.discard(16 * base::MiB) != 0) continue;
    });
    Figure figure{.name = "send"};
    const base::Bytes buffer(base::body_buffer_bytes);
    const Stopwatch watch(CpuOf::thread);
    while (!watch.past(options.duration) && pair.send(buffer)) ++figure.operations;
    watch.stop(figure);
    figure.bytes = figure.operations * buffer.size();
    pair.end_sending();
    peer.join();
    return figure;
}

}  // namespace

std::vector<Figure> measure_socket_copy(const MicroOptions& options) {
    std::vector<Figure> figures;
    figures.push_back(measure_receive(options));
    figures.push_back(measure_send(options));
    return figures;
}

}  // namespace holdfast::bench
