/// `holdfast fsck`: checks a data directory that no server uses, and, only when told so, makes its
/// index again from the segments or gives up what is missing.
///
/// Prints for people, or (--json) one JSON object. threads: main. source: spec durability 2.6.
#pragma once

#include "config/settings.h"
#include "server/failure.h"

namespace holdfast::server {

struct FsckCall {
    bool rebuild = false;      ///< --rebuild
    bool accept_loss = false;  ///< --accept-loss
    bool json = false;         ///< --json
};

/// errors: failure (problems were found), usage (an engine that keeps nothing), data_unusable,
/// data_in_use.
Result<void> fsck(const config::Settings& settings, const FsckCall& call);

}  // namespace holdfast::server
