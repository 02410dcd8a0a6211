/// HF_ASSERT: a bug, not an error. Says where and what and aborts (last_words.h), in release builds
/// too: a server that no longer knows its own state must not go on writing. Never reachable by user
/// input.
#pragma once

namespace holdfast::base {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace holdfast::base

#define HF_ASSERT(expression)      \
    (static_cast<bool>(expression) \
         ? static_cast<void>(0)    \
         : ::holdfast::base::assertion_failed(#expression, __FILE__, __LINE__))
