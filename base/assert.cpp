#include "base/assert.h"

#include <fmt/format.h>

#include "base/last_words.h"

namespace holdfast::base {

void assertion_failed(const char* expression, const char* file, int line) {
    crash(fmt::format("assertion failed: {} ({}:{})", expression, file, line));
}

}  // namespace holdfast::base
