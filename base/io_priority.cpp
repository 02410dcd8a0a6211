#include "base/io_priority.h"

#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace holdfast::base {

void use_idle_io_priority() {
    // The C library has no function for it. A refusal (seccomp) leaves the usual priority.
    static_cast<void>(
        ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)));
}

}  // namespace holdfast::base
