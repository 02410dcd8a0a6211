/// What happened in storage; which S3 code that becomes is decided in server/s3/errors.cpp only.
#pragma once

#include <string>

#include "base/async.h"
#include "base/result.h"

namespace holdfast::storage {

struct StorageError {
    enum class Kind {
        conflict,      ///< an expectation did not hold; nothing was changed
        out_of_space,  ///< nothing was changed
        read_only,     ///< the engine refuses writes; reads go on
        unavailable,   ///< overloaded or stopping; nothing was changed; try again
        corrupt,       ///< stored bytes are damaged
        io,            ///< the medium failed; nothing became visible
        in_doubt,      ///< the commit may or may not have happened (P5)
        wrong_key,     ///< the stored bytes are whole but this key does not open them
        held,          ///< a snapshot has it: not given back as long as that is there
    };
    Kind kind = Kind::io;
    std::string detail;  ///< for the log, never sent to a client
};

/// What is stored there cannot be had, today or ever; other work may go on.
inline bool is_damage(const StorageError& error) {
    return error.kind == StorageError::Kind::corrupt || error.kind == StorageError::Kind::io;
}

template <class T>
using Result = base::Expected<T, StorageError>;

template <class T>
using Async = base::Awaitable<Result<T>>;

}  // namespace holdfast::storage
