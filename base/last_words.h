/// The end of a process that no longer knows its own state: an exception left one of its threads,
/// or an HF_ASSERT does not hold. It says why in the log, which is written out, and aborts; the
/// next start recovers, as after any crash.
///
/// The log, or standard error in its place, has less than a second for it, whatever hangs.
/// Other threads run on until then, but no connection sends anything more (is_crashing()), so
/// nothing is acknowledged. source: spec durability 2.5. threads: any.
#pragma once

#include <exception>
#include <string_view>

namespace holdfast::base {

/// From here on an exception that nobody catches ends the process this way. What has caught it
/// without a use for it (a thread pool, say) calls std::terminate.
void crash_on_uncaught();

/// One line, `crashed`, and the end. Of several threads the first one's reason is told. Needs no
/// memory: without any, the line goes to standard error.
[[noreturn]] void crash(std::string_view reason) noexcept;
/// Whether a thread of this process has come to that.
[[nodiscard]] bool is_crashing() noexcept;

/// What base::spawn() does by default when a coroutine has ended that nobody awaits. What it throws
/// must not be lost: it leaves the loop, and so ends the process.
inline constexpr auto or_crash = [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
};

}  // namespace holdfast::base
