#include <array>

#include "bench/micro/micro.h"

namespace holdfast::bench {

std::span<const Micro> all_micros() {
    static const std::array<Micro, 7> micros{{
        {"hashes", "digests over 64 KiB blocks, one thread", measure_hashes},
        {"frames", "AES-256-GCM frames of 64 KiB, sealed and opened, one thread", measure_frames},
        {"signature", "checking the SigV4 signature of a small GET, one thread", measure_signature},
        {"socket_copy", "loopback TCP: CPU of the receiving and of the sending side",
         measure_socket_copy},
        {"decrypt_send", "frames opened and sent over loopback, one thread", measure_decrypt_send},
        {"row_commit", "rows with a 4 KiB body, 64 at a time, each durable before it counts",
         measure_row_commit},
        {"segment_append", "8 MiB blobs, 8 at a time, each durable before it counts",
         measure_segment_append},
    }};
    return micros;
}

}  // namespace holdfast::bench
