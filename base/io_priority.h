/// How the kernel's disk scheduler treats the calling thread. threads: any.
#pragma once

namespace holdfast::base {

/// The thread's reads get the disk only when nobody else wants it, where the scheduler can do that
/// (BFQ; others ignore it). Never fails: it is a hint.
void use_idle_io_priority();

}  // namespace holdfast::base
