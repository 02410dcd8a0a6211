/// operator new, and aligned_alloc, that fail when they are told to, on the calling thread only.
#pragma once

#include <cstdint>

namespace holdfast::test {

/// The nth allocation from here on throws std::bad_alloc; for_ever: all after it too.
void fail_allocation(std::uint64_t nth, bool for_ever);
/// Allocations work again. Whether one had failed.
bool heal_allocations();

}  // namespace holdfast::test
