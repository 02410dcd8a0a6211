#include "base/last_words.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/log.h"

namespace holdfast::base {

namespace {

std::string reason_of(const std::exception_ptr& uncaught) {
    if (!uncaught) return "terminated without an exception";
    try {
        std::rethrow_exception(uncaught);
    } catch (const std::exception& thrown) {
        return std::string("an exception that nobody caught: ") + thrown.what();
    } catch (...) {
        return "an unknown exception that nobody caught";
    }
}

[[noreturn]] void terminated() {
    crash(reason_of(std::current_exception()));
}

/// Without memory there may be no thread to write it.
bool write_to_log(std::string_view reason) {
    try {
        return log::write_last("crashed", {{"reason", reason}});
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

void crash_on_uncaught() {
    std::set_terminate(terminated);
}

void crash(std::string_view reason) {
    if (!write_to_log(reason))
        std::fprintf(stderr, "holdfast: crashed: %.*s\n", static_cast<int>(reason.size()),
                     reason.data());
    std::abort();
}

}  // namespace holdfast::base
