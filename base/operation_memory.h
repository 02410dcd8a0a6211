/// Room for one operation of Asio that is put aside before it is needed, so that posting it later
/// allocates nothing.
///
/// threads: who posts makes sure that the operation before has left.
#pragma once

#include <array>
#include <cstddef>

#include "base/assert.h"

namespace holdfast::base {

/// A handler uses it by its `allocator_type` and `get_allocator()`. Asio takes the handler out of
/// its operation before it gives the memory back, so the handler may own that.
class OperationMemory {
public:
    template <class T>
    class Allocator;

    OperationMemory() = default;
    OperationMemory(const OperationMemory&) = delete;
    OperationMemory& operator=(const OperationMemory&) = delete;

    Allocator<void> allocator() noexcept;

private:
    /// More than Asio's operation with a shared pointer in it (checked when it is put there).
    static constexpr std::size_t bytes_max = 128;

    alignas(std::max_align_t) std::array<std::byte, bytes_max> bytes_;
};

template <class T>
class OperationMemory::Allocator {
public:
    using value_type = T;

    explicit Allocator(OperationMemory& memory) noexcept : memory_(&memory) {}
    template <class U>
    Allocator(const Allocator<U>& other) noexcept : memory_(other.memory_) {}

    T* allocate(std::size_t count) {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        HF_ASSERT(count * sizeof(T) <= bytes_max);
        return reinterpret_cast<T*>(memory_->bytes_.data());
    }
    void deallocate(T* /*memory*/, std::size_t /*count*/) noexcept {}

    template <class U>
    bool operator==(const Allocator<U>& other) const noexcept {
        return memory_ == other.memory_;
    }

private:
    template <class U>
    friend class Allocator;
    OperationMemory* memory_;
};

inline OperationMemory::Allocator<void> OperationMemory::allocator() noexcept {
    return Allocator<void>(*this);
}

}  // namespace holdfast::base
