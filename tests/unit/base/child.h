/// Runs what may end the process in a child of its own.
#pragma once

#include <functional>
#include <string>

namespace holdfast::tests {

struct ChildEnd {
    int signal = 0;      ///< what killed it; 0: it came to its end
    int exit_code = -1;  ///< of a child that was not killed
    std::string errors;  ///< what it wrote to standard error
};

/// Forks; the child runs `work`, and leaves with 0 when that returns. threads: none beside the
/// caller while it runs.
ChildEnd run_in_child(const std::function<void()>& work);

}  // namespace holdfast::tests
