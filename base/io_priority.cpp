#include "base/io_priority.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace holdfast::base {

namespace {

// As in the kernel's <linux/ioprio.h>, newer versions of which do not compile as C++.
constexpr int ioprio_who_process = 1;
constexpr int ioprio_class_idle = 3;
constexpr int ioprio_class_shift = 13;

}  // namespace

void use_idle_io_priority() {
    // The C library has no function for it. A refusal (seccomp) leaves the usual priority.
    static_cast<void>(
        ::syscall(SYS_ioprio_set, ioprio_who_process, 0, ioprio_class_idle << ioprio_class_shift));
}

}  // namespace holdfast::base
