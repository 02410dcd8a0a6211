#include "server/data_failure.h"

namespace holdfast::server {

namespace {

Failure failure_of(ExitCode code, const std::string& what) {
    return {code, "storage.directory: " + what};
}

}  // namespace

Failure to_failure(const storage::local::OpenError& error) {
    const bool in_use = error.kind == storage::local::OpenError::Kind::in_use;
    return failure_of(in_use ? ExitCode::data_in_use : ExitCode::data_unusable, error.message);
}

Failure to_failure(const storage::StorageError& error) {
    return failure_of(ExitCode::data_unusable, error.detail);
}

Failure to_failure(const base::IoError& error) {
    return failure_of(ExitCode::data_unusable, error.message());
}

}  // namespace holdfast::server
