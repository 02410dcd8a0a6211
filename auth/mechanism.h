/// Which way a request authenticates. source: spec auth 1.1, 1.2 #1 and #2, 1.10, 1.11.
/// threads: any.
#pragma once

#include <span>
#include <string_view>

#include "auth/error.h"
#include "auth/verifier.h"
#include "model/uri.h"

namespace holdfast::auth {

struct Mechanism {
    enum class Kind { anonymous, header, presigned };
    Kind kind = Kind::anonymous;
    std::string_view authorization;  ///< with Kind::header: what follows the algorithm's name
};

/// Anonymous only when there is no credential material of any kind.
Result<Mechanism> choose_mechanism(const HeaderList& headers,
                                   std::span<const model::QueryItem> query);

}  // namespace holdfast::auth
