/// The signals of a server, taken one by one by its main thread; also as process 1 of a container,
/// where a signal nobody asked for is ignored. source: spec durability 3. threads: main.
#pragma once

namespace holdfast::server {

class Signals {
public:
    /// Blocks TERM, INT and HUP for this thread and those it starts from here on, so that wait()
    /// gets them; ignores PIPE and XFSZ, which then become errors of the calls. Make it first.
    Signals();

    enum class Event { stop, reload };
    /// Sleeps until the next one.
    Event wait();

    /// From here on TERM and INT end the process as it stands, as a crash would: that is safe.
    void stop_at_once_from_now();
};

}  // namespace holdfast::server
