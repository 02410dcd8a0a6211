/// operator new, and aligned_alloc, that fail when they are told to: on the calling thread, or on
/// all others.
///
/// Never inside a call of RocksDB, also where that calls back: it is not made for exceptions, so
/// what memory it lacks ends the process, and the next start recovers.
#pragma once

#include <cstdint>

namespace holdfast::test {

enum class Where { here, elsewhere };

/// The nth allocation from here on throws std::bad_alloc; for_ever: all after it too. One inside
/// RocksDB is counted and works.
void fail_allocation(std::uint64_t nth, bool for_ever, Where where = Where::here);
/// What is to fail elsewhere fails from here on for ever. threads: any.
void fail_elsewhere_at_once();
/// Allocations work again, here and elsewhere. Whether the nth had come.
bool heal_allocations();

}  // namespace holdfast::test
