/// Ring C2: the whole embedded engine on a simulated disk, random operations, and power that fails
/// at calls of the file system.
///
/// A crash costs the running engine nothing: what a disk without power would hold is taken beside
/// it, at the boundary before a call, with the model of that moment. Each such state is opened by
/// an engine of its own and must show what the model allows. Every generation of operations goes
/// on from one of them; recoveries are crashed as well (C6).
///
/// The seed decides the operations, the sampling and what a crash leaves. The engine's threads
/// decide in which order their calls come, so a seed that failed fails again within some runs, not
/// always at the same call; the report names the call and the survivor's seed.
/// source: spec durability 5.3.
#pragma once

#include <cstdint>
#include <string>

#include "base/sim_vfs.h"
#include "storage/local/engine.h"

namespace holdfast::test::crash {

struct RingOptions {
    std::uint64_t seed = 1;
    std::uint64_t states = 1000;  ///< to be verified
    base::SimVfs::Options disk;
    /// strict and batched promise the same; relaxed only that each key is as it was at some moment
    /// since the last start, bodies damaged and listed at worst (P10 to P12), and that what was
    /// found stays.
    storage::local::Durability durability = storage::local::Durability::strict;
};

struct RingReport {
    std::uint64_t states = 0;      ///< verified
    std::uint64_t moments = 0;     ///< calls at which the power failed
    std::uint64_t operations = 0;  ///< acknowledged
    std::uint64_t recoveries = 0;  ///< of the states, crashes while a crash was recovered from
    std::uint64_t generations = 0;
    std::uint64_t undone = 0;   ///< states that lack acknowledged operations; only with relaxed
    std::uint64_t damaged = 0;  ///< states with damaged bodies; only with relaxed
    std::string failure;        ///< the first one; empty: all is as promised
};

RingReport run_ring(const RingOptions& options);

}  // namespace holdfast::test::crash
