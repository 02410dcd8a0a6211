/// Whether a history of concurrent operations on one key could have happened one after the other:
/// Wing and Gong's search with Lowe's memo. For small histories: the cost may be exponential.
///
/// The key is a register whose values are whole objects. threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::model_test {

struct Operation {
    enum class Kind {
        write,          ///< a Put, Copy or Complete of `value`, done
        write_if_none,  ///< with If-None-Match: *, done: there was nothing
        refused_write,  ///< with If-None-Match: *, refused: there was something
        remove,         ///< done
        read,           ///< saw `value`
        maybe_write,    ///< answered with a failure: done or not, then or never
    };
    Kind kind = Kind::read;
    std::string value;        ///< empty: nothing
    std::uint64_t begin = 0;  ///< ticks of one counter: it took effect between the two
    std::uint64_t end = 0;
};

/// The history begins with nothing at the key.
bool is_linearizable(const std::vector<Operation>& history);

/// In lines, for people.
std::string text_of(const std::vector<Operation>& history);

}  // namespace holdfast::model_test
