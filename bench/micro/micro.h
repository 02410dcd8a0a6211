/// The primitives a request is made of, each measured alone, so that the server's figures can be
/// held against what the machine can do at all. One file for each, listed in table.cpp.
/// threads: one runs them, one after the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::bench {

struct MicroOptions {
    std::chrono::milliseconds duration{1000};  ///< of each figure
    std::string directory;                     ///< for those that write: exists, is empty
};

struct Figure {
    std::string name;
    std::uint64_t operations = 0;
    std::uint64_t bytes = 0;  ///< 0 when bytes say nothing
    double seconds = 0;
    double cpu_seconds = 0;  ///< of the thread or process the figure is about
    std::vector<std::pair<std::string, double>> more = {};
};

struct Micro {
    std::string_view name;
    std::string_view what;
    std::function<std::vector<Figure>(const MicroOptions&)> run;
};

std::span<const Micro> all_micros();

std::vector<Figure> measure_hashes(const MicroOptions& options);
std::vector<Figure> measure_frames(const MicroOptions& options);
std::vector<Figure> measure_signature(const MicroOptions& options);
std::vector<Figure> measure_socket_copy(const MicroOptions& options);
std::vector<Figure> measure_decrypt_send(const MicroOptions& options);
std::vector<Figure> measure_row_commit(const MicroOptions& options);
std::vector<Figure> measure_segment_append(const MicroOptions& options);

}  // namespace holdfast::bench
