/// What `holdfast fsck` changes, only when told so: an index that is lost or damaged, objects of
/// commits that an index has lost, and the loss itself. threads: main. source: spec durability 2.6.
#pragma once

#include "server/fsck_volume.h"

namespace holdfast::server {

/// --rebuild. Interrupted anywhere it leaves the volume as it was, or known to be unfinished; run
/// again it ends what it began.
Result<void> fsck_rebuild(FsckVolume& volume);

/// --accept-loss.
Result<void> fsck_accept_loss(FsckVolume& volume);

}  // namespace holdfast::server
