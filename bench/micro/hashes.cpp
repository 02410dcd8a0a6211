#include <array>

#include "base/limits.h"
#include "base/random.h"
#include "bench/micro/stopwatch.h"
#include "storage/checksum/crc64nvme.h"
#include "storage/checksum/digest.h"
#include "storage/checksum/md5_lanes.h"

namespace holdfast::bench {

namespace {

/// As many uploads at once as the processor has lanes.
Figure measure_md5_lanes(const MicroOptions& options, const base::Bytes& block) {
    namespace checksum = storage::checksum;
    std::vector<checksum::Md5Stream> streams(checksum::md5_lane_count());
    std::vector<checksum::Md5Piece> pieces(streams.size());
    return repeat("md5 in lanes", options, streams.size() * block.size(), [&] {
        for (std::size_t i = 0; i < streams.size(); ++i) pieces[i] = {&streams[i], block};
        checksum::md5_update_together(pieces);
    });
}

}  // namespace

std::vector<Figure> measure_hashes(const MicroOptions& options) {
    using Algorithm = model::ChecksumAlgorithm;
    base::Bytes block(64 * base::KiB);
    base::SeededRandom random(1);
    random.fill(block);

    std::vector<Figure> figures;
    for (const auto algorithm : {Algorithm::md5, Algorithm::sha256, Algorithm::sha1,
                                 Algorithm::crc64nvme, Algorithm::crc32, Algorithm::crc32c}) {
        const auto digest = storage::checksum::make_digest(algorithm);
        figures.push_back(repeat(std::string(model::lower_name(algorithm)), options, block.size(),
                                 [&] { digest->update(block); }));
    }
    figures.push_back(measure_md5_lanes(options, block));
    return figures;
}

}  // namespace holdfast::bench
