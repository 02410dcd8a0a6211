#include "storage/crypto/frames.h"

#include "base/random.h"
#include "bench/micro/stopwatch.h"

namespace holdfast::bench {

std::vector<Figure> measure_frames(const MicroOptions& options) {
    using namespace storage::crypto;
    base::Bytes plain(frame_plain_bytes);
    base::Bytes stored(frame_stored_bytes);
    base::SeededRandom random(2);
    random.fill(plain);
    const base::Bytes blob_id(16, 7);
    FrameCipher cipher(DataKey(std::string(32, 'k')), blob_id);

    std::vector<Figure> figures;
    std::uint64_t frame = 0;
    figures.push_back(
        repeat("seal", options, plain.size(), [&] { cipher.seal(frame++, false, plain, stored); }));
    cipher.seal(0, false, plain, stored);
    bool whole = true;
    figures.push_back(repeat("open", options, plain.size(),
                             [&] { whole = cipher.open(0, false, stored, plain) && whole; }));
    if (!whole) figures.back().name += " (FAILED)";
    return figures;
}

}  // namespace holdfast::bench
