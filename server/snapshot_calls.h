/// The calls of the admin API about snapshots of the data directory. threads: the admin listener's
/// loop.
#pragma once

#include <string>

#include "base/clock.h"
#include "server/admin/operator.h"
#include "server/background_work.h"
#include "server/engine_choice.h"

namespace holdfast::server {

class SnapshotCalls {
public:
    /// What is given outlives it.
    SnapshotCalls(StorageEngine& engine, BackgroundWork& background, const base::Clock& clock)
        : engine_(engine), background_(background), clock_(clock) {}

    /// As admin::Operator says.
    base::Awaitable<admin::Reply> create(std::string name);
    base::Awaitable<admin::Reply> list();
    base::Awaitable<admin::Reply> remove(std::string name);

private:
    StorageEngine& engine_;
    BackgroundWork& background_;
    const base::Clock& clock_;
};

}  // namespace holdfast::server
