/// What an operator can ask of a running server. The admin API calls it, the composition plugs it
/// in, so that this room knows no engine.
///
/// Every call answers with a JSON object, at once but for those that say how long they take: other
/// long work is started and reported on later.
/// threads: the admin listener's loop.
/// source: spec durability 2.5, 2.6, 2.7.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/async.h"

namespace holdfast::admin {

struct Reply {
    unsigned status = 200;  ///< above 299: `body` has "error", one line
    boost::json::object body;
};

enum class Consent { not_given, given };

class Operator {
public:
    virtual ~Operator() = default;

    /// Version, directory, durability and its meaning, condition, counts, space. Asks the disk,
    /// for a few seconds at most.
    virtual base::Awaitable<Reply> info() = 0;
    /// What the last pass over the segments found, byte by byte.
    virtual Reply gc_report() = 0;
    /// Starts a pass; with consent it goes past the safety stop (2.7.3).
    virtual Reply gc_run(Consent consent) = 0;
    virtual Reply scrub_start() = 0;
    virtual Reply scrub_status() = 0;
    /// What is damaged: bucket, key, part, blob, what.
    virtual Reply scrub_report() = 0;
    /// Tries to leave the read-only state.
    virtual Reply volume_resume() = 0;
    /// Snapshots of the data directory. Made and durable when it answers, which takes as long as
    /// linking all files, and with other work of the disk some seconds. No name: one of the time.
    virtual base::Awaitable<Reply> snapshot_create(std::string name) = 0;
    /// Asks the disk.
    virtual base::Awaitable<Reply> snapshot_list() = 0;
    /// Gone when it answers.
    virtual base::Awaitable<Reply> snapshot_delete(std::string name) = 0;
    /// What a person should know although the server serves; empty when all is well. Lines.
    virtual std::string remarks() = 0;
};

}  // namespace holdfast::admin
