#include <algorithm>
#include <thread>

#include "base/limits.h"
#include "base/random.h"
#include "bench/micro/loopback.h"
#include "bench/micro/stopwatch.h"
#include "storage/crypto/frames.h"

namespace holdfast::bench {

// An object of 64 MiB as it is stored, in memory, so that reading it costs what memory costs; four
// frames are opened into one buffer, which is sent.
std::vector<Figure> measure_decrypt_send(const MicroOptions& options) {
    using namespace storage::crypto;
    constexpr std::uint64_t frames = 64 * base::MiB / frame_plain_bytes;
    constexpr std::uint64_t frames_at_once = base::body_buffer_bytes / frame_plain_bytes;
    static_assert(frames % frames_at_once == 0);

    base::Bytes plain(frame_plain_bytes);
    base::SeededRandom random(3);
    random.fill(plain);
    base::Bytes stored(frames * frame_stored_bytes);
    const auto frame_at = [&](std::uint64_t frame) {
        return base::ByteSpan(stored).subspan(frame * frame_stored_bytes, frame_stored_bytes);
    };
    FrameCipher cipher(DataKey(std::string(32, 'k')), base::Bytes(16, 9));
    for (std::uint64_t frame = 0; frame < frames; ++frame)
        cipher.seal(frame, frame + 1 == frames, plain, frame_at(frame));

    const Loopback pair;
    std::thread peer([&] {
        while (pair.discard(16 * base::MiB) != 0) continue;
    });
    Figure figure{.name = "open and send"};
    base::Bytes buffer(base::body_buffer_bytes);
    bool whole = true;
    const Stopwatch watch(CpuOf::thread);
    for (std::uint64_t first = 0; !watch.past(options.duration) && whole;
         first = (first + frames_at_once) % frames) {
        for (std::uint64_t i = 0; i < frames_at_once; ++i)
            whole = cipher.open(
                        first + i, first + i + 1 == frames, frame_at(first + i),
                        base::ByteSpan(buffer).subspan(i * frame_plain_bytes, frame_plain_bytes)) &&
                    whole;
        whole = pair.send(buffer) && whole;
        ++figure.operations;
    }
    watch.stop(figure);
    figure.bytes = figure.operations * buffer.size();
    if (!whole) figure.name += " (FAILED)";
    pair.end_sending();
    peer.join();
    return {figure};
}

}  // namespace holdfast::bench
