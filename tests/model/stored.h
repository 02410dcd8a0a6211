/// What lies on the engine beneath a server that is at rest, and whether it fits together: the
/// invariants of docs/format/rows.md that can be read off. threads: one.
#pragma once

#include <string>

#include "tests/model/world.h"

namespace holdfast::model_test {

/// Each record's blob can be read whole and verifies, no blob is named twice, and, where the engine
/// can count its blobs, each of them is referenced or queued for the reclaimer. Empty when all
/// holds; else what does not.
std::string check_stored(World& world);

}  // namespace holdfast::model_test
