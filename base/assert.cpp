#include "base/assert.h"

#include <array>
#include <cstdio>

#include "base/last_words.h"

namespace holdfast::base {

void assertion_failed(const char* expression, const char* file, int line) {
    // What does not hold may be that there is memory.
    std::array<char, 512> reason{};
    std::snprintf(reason.data(), reason.size(), "assertion failed: %s (%s:%d)", expression, file,
                  line);
    crash(reason.data());
}

}  // namespace holdfast::base
