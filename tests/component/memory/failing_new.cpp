#include "tests/component/memory/failing_new.h"

#include <cstdlib>
#include <new>

namespace holdfast::test {

namespace {

thread_local std::uint64_t allocations_left = 0;  ///< 0: nothing is to fail
thread_local bool fails_for_ever = false;
thread_local bool failing = false;
thread_local bool failed = false;

bool must_fail() {
    if (failing) {
        failed = true;
        return true;
    }
    if (allocations_left == 0 || --allocations_left > 0) return false;
    failing = fails_for_ever;
    failed = true;
    return true;
}

}  // namespace

void fail_allocation(std::uint64_t nth, bool for_ever) {
    allocations_left = nth;
    fails_for_ever = for_ever;
    failing = false;
    failed = false;
}

bool heal_allocations() {
    allocations_left = 0;
    failing = false;
    return failed;
}

}  // namespace holdfast::test

void* operator new(std::size_t bytes) {
    if (holdfast::test::must_fail()) throw std::bad_alloc();
    void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

// Without it a sanitizer's own would meet the delete below.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    if (holdfast::test::must_fail()) return nullptr;
    return std::malloc(bytes == 0 ? 1 : bytes);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

// Asio's operations are made with this one. What it forwards to is what a sanitizer replaces.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    if (holdfast::test::must_fail()) return nullptr;
    void* memory = nullptr;
    return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

// A hook of the address sanitizer. Protocol Buffers loses what it is about to add to a list when
// the list cannot grow; everything else of this program is covered by the other programs' leak
// checks.
extern "C" const char* __asan_default_options();
const char* __asan_default_options() {
    return "detect_leaks=0";
}
