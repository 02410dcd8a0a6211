#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace holdfast::base {

void assertion_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "holdfast: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

}  // namespace holdfast::base
