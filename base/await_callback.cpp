#include "base/await_callback.h"

#include <boost/asio/post.hpp>

#include "base/assert.h"

namespace holdfast::base {

/// Hands out the memory that a wait has put aside, to the one operation that resumes it.
template <class T>
class Wait::Allocator {
public:
    using value_type = T;

    explicit Allocator(Wait& wait) : wait_(&wait) {}
    template <class U>
    Allocator(const Allocator<U>& other) : wait_(other.wait_) {}

    T* allocate(std::size_t count) {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        HF_ASSERT(count * sizeof(T) <= operation_bytes_max);
        return reinterpret_cast<T*>(wait_->operation_.data());
    }
    void deallocate(T* /*memory*/, std::size_t /*count*/) {}

    template <class U>
    bool operator==(const Allocator<U>& other) const {
        return wait_ == other.wait_;
    }

private:
    template <class U>
    friend class Allocator;
    Wait* wait_;
};

/// Asio takes it out of its operation before it gives the memory back, so it may own that.
struct Wait::Resumption {
    using allocator_type = Allocator<void>;

    [[nodiscard]] allocator_type get_allocator() const { return allocator_type(*wait); }
    void operator()() const {
        // The coroutine may end, and the wait with it, before the handler returns.
        auto handler = *std::exchange(wait->handler_, std::nullopt);
        handler();
    }

    std::shared_ptr<Wait> wait;
};

void Wait::resume(const std::shared_ptr<Wait>& wait) noexcept {
    asio::post(wait->executor_, Resumption{wait});
}

}  // namespace holdfast::base
