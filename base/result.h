/// Expected outcomes as values: a T, or the error that kept it from being made.
///
/// The subset `if (r)`, `*r`, `->`, `error()` of std::expected, so that it can become that one
/// later (libstdc++ 12 has it in C++23 only). Every room names its own error type:
///     template <class T> using Result = base::Expected<T, StorageError>;
///
/// threads: as the T and E it holds.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace holdfast::base {

/// Stands for "nothing to return" where a value type is needed.
struct Unit {};

/// Copyable when both types are; always movable, and no move throws. Not a std::variant: its
/// visitors, a set for each pair of types, would be a fifth of what the compiler makes of a file.
template <class T, class E>
class [[nodiscard]] Expected {
    static_assert(!std::is_same_v<T, E>, "a value and its error must be told apart by type");
    static_assert(std::is_nothrow_move_constructible_v<T> &&
                      std::is_nothrow_move_constructible_v<E>,
                  "an assignment that throws would leave neither");
    static constexpr bool is_copyable =
        std::is_copy_constructible_v<T> && std::is_copy_constructible_v<E>;

public:
    using value_type = T;
    using error_type = E;

    Expected(T value) : value_(std::move(value)), has_value_(true) {}
    Expected(E error) : error_(std::move(error)), has_value_(false) {}
    Expected(const Expected& other) requires is_copyable : has_value_(other.has_value_) {
        if (has_value_)
            std::construct_at(std::addressof(value_), other.value_);
        else
            std::construct_at(std::addressof(error_), other.error_);
    }
    Expected(Expected&& other) noexcept : has_value_(other.has_value_) { take(other); }
    Expected& operator=(const Expected& other) requires is_copyable {
        return *this = Expected(other);
    }
    Expected& operator=(Expected&& other) noexcept {
        Expected taken(std::move(other));  // which may be a part of what ends here
        destroy();
        has_value_ = taken.has_value_;
        take(taken);
        return *this;
    }
    ~Expected() { destroy(); }

    [[nodiscard]] bool has_value() const { return has_value_; }
    explicit operator bool() const { return has_value_; }

    /// REQUIRES: has_value().
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(value()); }
    T* operator->() { return std::addressof(value()); }
    const T* operator->() const { return std::addressof(value()); }
    T& value() {
        HF_ASSERT(has_value_);
        return value_;
    }
    const T& value() const {
        HF_ASSERT(has_value_);
        return value_;
    }

    /// REQUIRES: !has_value().
    E& error() & {
        HF_ASSERT(!has_value_);
        return error_;
    }
    const E& error() const& {
        HF_ASSERT(!has_value_);
        return error_;
    }
    E&& error() && {
        HF_ASSERT(!has_value_);
        return std::move(error_);
    }

    template <class U>
    T value_or(U&& fallback) const& {
        return has_value_ ? value_ : static_cast<T>(std::forward<U>(fallback));
    }

private:
    /// REQUIRES: has_value_ is the other's, and neither member is alive.
    void take(Expected& other) noexcept {
        if (has_value_)
            std::construct_at(std::addressof(value_), std::move(other.value_));
        else
            std::construct_at(std::addressof(error_), std::move(other.error_));
    }
    void destroy() noexcept {
        if (has_value_)
            std::destroy_at(std::addressof(value_));
        else
            std::destroy_at(std::addressof(error_));
    }

    union {
        T value_;
        E error_;
    };
    bool has_value_;
};

/// Success carries nothing: `return {};` or `return Unit{};`.
template <class E>
class [[nodiscard]] Expected<void, E> {
    static_assert(std::is_nothrow_move_constructible_v<E>, "as above");

public:
    using value_type = void;
    using error_type = E;

    Expected() = default;
    Expected(Unit) {}
    Expected(E error) : error_(std::move(error)) {}

    [[nodiscard]] bool has_value() const { return !error_.has_value(); }
    explicit operator bool() const { return has_value(); }

    /// REQUIRES: !has_value().
    E& error() & {
        HF_ASSERT(error_.has_value());
        return *error_;
    }
    const E& error() const& {
        HF_ASSERT(error_.has_value());
        return *error_;
    }
    E&& error() && {
        HF_ASSERT(error_.has_value());
        return *std::move(error_);
    }

private:
    std::optional<E> error_;
};

}  // namespace holdfast::base
