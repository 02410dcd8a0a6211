/// What the system says about this process's memory. Linux only; where a file cannot be read, what
/// it would have said is left out. threads: any.
#pragma once

#include <cstdint>
#include <memory>

#include "base/vfs.h"

namespace holdfast::server {

/// The smaller of the machine's memory and of the limits of the control groups the process is in.
std::uint64_t usable_memory_bytes(base::Vfs& vfs);

/// How much of the machine's memory the process has at this moment.
class ResidentMemory {
public:
    explicit ResidentMemory(base::Vfs& vfs);
    /// 0 when the system does not say.
    [[nodiscard]] std::uint64_t bytes() const;

private:
    std::unique_ptr<base::VfsFile> file_;  ///< null: there is none
};

/// Heap memory that is free goes back to the system.
void give_back_free_memory();

}  // namespace holdfast::server
