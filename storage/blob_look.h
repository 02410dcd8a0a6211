/// What reading all of a blob told, when there is no index that says whether it counts. A plain
/// value.
#pragma once

#include <string>

namespace holdfast::storage {

struct BlobLook {
    enum class State {
        whole,
        /// Some of it reads as zeros that its end says were written: the disk never got them. What
        /// was answered was synced before, so whoever sent it has no answer.
        never_written,
        damaged,  ///< it was written, and is something else now, or cannot be read
    };
    State state = State::whole;
    std::string what;  ///< one line for people, with the place; empty when it is whole
};

}  // namespace holdfast::storage
