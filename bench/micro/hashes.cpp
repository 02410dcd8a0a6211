#include <array>

#include "base/limits.h"
#include "base/random.h"
#include "bench/micro/stopwatch.h"
#include "storage/checksum/crc64nvme.h"
#include "storage/checksum/digest.h"

namespace holdfast::bench {

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
    return figures;
}

}  // namespace holdfast::bench
