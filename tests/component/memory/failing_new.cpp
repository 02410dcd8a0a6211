#include "tests/component/memory/failing_new.h"

#include <link.h>
#include <unwind.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace holdfast::test {

namespace {

/// Where the code of librocksdb lies; empty when it is not loaded.
struct Code {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

int find_rocksdb(dl_phdr_info* object, std::size_t, void* found) {
    if (std::strstr(object->dlpi_name, "librocksdb") == nullptr) return 0;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
        const auto begin = object->dlpi_addr + segment.p_vaddr;
        *static_cast<Code*>(found) = {begin, begin + segment.p_memsz};
    }
    return 1;
}

const Code& rocksdb_code() {
    static const Code code = [] {
        Code found;
        dl_iterate_phdr(find_rocksdb, &found);
        return found;
    }();
    return code;
}

_Unwind_Reason_Code look_at_frame(_Unwind_Context* frame, void* is_inside) {
    const auto& code = rocksdb_code();
    const auto at = _Unwind_GetIP(frame);
    if (at < code.begin || at >= code.end) return _URC_NO_REASON;
    *static_cast<bool*>(is_inside) = true;
    return _URC_END_OF_STACK;
}

bool is_inside_rocksdb() {
    bool is_inside = false;
    _Unwind_Backtrace(look_at_frame, &is_inside);
    return is_inside;
}

thread_local std::uint64_t left_here = 0;  ///< 0: nothing is to fail
thread_local bool fails_for_ever = false;
thread_local bool came = false;

std::atomic<std::uint64_t> left_elsewhere = 0;  ///< as above
std::atomic<bool> elsewhere_for_ever = false;
std::atomic<bool> came_elsewhere = false;
thread_local bool is_exempt = false;  ///< the thread that said so

/// Its turn is over when the count has come to 1, and stays so for ever where it is to.
bool must_fail_here() {
    if (left_here == 0) return false;
    if (left_here > 1) return --left_here, false;
    if (!fails_for_ever) left_here = 0;
    came = true;
    return !is_inside_rocksdb();
}

bool must_fail_elsewhere() {
    if (is_exempt) return false;
    auto left = left_elsewhere.load();
    do {
        if (left == 0) return false;
        if (left == 1 && elsewhere_for_ever) break;
    } while (!left_elsewhere.compare_exchange_weak(left, left - 1));
    if (left > 1) return false;
    came_elsewhere = true;
    return !is_inside_rocksdb();
}

bool must_fail() {
    return must_fail_here() || must_fail_elsewhere();
}

}  // namespace

void fail_allocation(std::uint64_t nth, bool for_ever, Where where) {
    rocksdb_code();
    came = came_elsewhere = false;
    if (where == Where::here) {
        fails_for_ever = for_ever;
        left_here = nth;
        return;
    }
    is_exempt = true;
    elsewhere_for_ever = for_ever;
    left_elsewhere = nth;
}

void fail_elsewhere_at_once() {
    elsewhere_for_ever = true;
    left_elsewhere = 1;
}

bool heal_allocations() {
    left_here = 0;
    left_elsewhere = 0;
    is_exempt = false;
    return came || came_elsewhere;
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
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wreserved-identifier"  // the sanitizer's name
#endif
extern "C" const char* __asan_default_options();
const char* __asan_default_options() {
    return "detect_leaks=0";
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
