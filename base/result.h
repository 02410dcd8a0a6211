/// Expected outcomes as values: a T, or the error that kept it from being made.
///
/// The subset `if (r)`, `*r`, `->`, `error()` of std::expected, so that it can become that one
/// later (libstdc++ 12 has it in C++23 only). Every room names its own error type:
///     template <class T> using Result = base::Expected<T, StorageError>;
///
/// threads: as the T and E it holds.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace holdfast::base {

/// Stands for "nothing to return" where a value type is needed.
struct Unit {};

template <class T, class E>
class [[nodiscard]] Expected {
    static_assert(!std::is_same_v<T, E>, "a value and its error must be told apart by type");

public:
    using value_type = T;
    using error_type = E;

    Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Expected(E error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    /// REQUIRES: has_value().
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(value()); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& value() {
        HF_ASSERT(has_value());
        return std::get<0>(state_);
    }
    const T& value() const {
        HF_ASSERT(has_value());
        return std::get<0>(state_);
    }

    /// REQUIRES: !has_value().
    E& error() & {
        HF_ASSERT(!has_value());
        return std::get<1>(state_);
    }
    const E& error() const& {
        HF_ASSERT(!has_value());
        return std::get<1>(state_);
    }
    E&& error() && {
        HF_ASSERT(!has_value());
        return std::move(std::get<1>(state_));
    }

    template <class U>
    T value_or(U&& fallback) const& {
        return has_value() ? std::get<0>(state_) : static_cast<T>(std::forward<U>(fallback));
    }

private:
    std::variant<T, E> state_;
};

/// Success carries nothing: `return {};` or `return Unit{};`.
template <class E>
class [[nodiscard]] Expected<void, E> {
public:
    using value_type = void;
    using error_type = E;

    Expected() = default;
    Expected(Unit) {}
    Expected(E error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    E& error() & {
        HF_ASSERT(!has_value());
        return std::get<1>(state_);
    }
    const E& error() const& {
        HF_ASSERT(!has_value());
        return std::get<1>(state_);
    }
    E&& error() && {
        HF_ASSERT(!has_value());
        return std::move(std::get<1>(state_));
    }

private:
    std::variant<Unit, E> state_;
};

}  // namespace holdfast::base
