/// A server in process for the model tests: the endpoint over one of the engines, and what can
/// happen to it besides requests. threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tests/component/s3/endpoint.h"

namespace holdfast::model_test {

/// What the endpoint allows, so that small bodies meet every limit.
inline constexpr std::uint64_t part_bytes_min = 1024;

class World {
public:
    virtual ~World() = default;

    virtual test::Endpoint& endpoint() = 0;
    [[nodiscard]] base::FakeClock& clock() { return clock_; }
    [[nodiscard]] std::int64_t now_ms() const { return clock_.wall().time_since_epoch().count(); }
    virtual test::Answer send(const test::Request& request) { return endpoint().send(request); }

    /// The server ends, with a clean stop or as by a kill, and starts again.
    virtual void restart(bool clean) = 0;
    /// The reclaimer looks once at everything.
    void collect_garbage();
    /// Nothing of it changes an answer. What went wrong; empty also when this engine has no disk.
    enum class Work { flush_index, compact_index, move_blobs, scrub, sweep };
    virtual std::string carry_out(Work /*work*/) { return {}; }
    [[nodiscard]] virtual std::uint64_t blobs_moved() const { return 0; }
    /// Power goes at the nth call from now that changes the disk, or at the next crash(); what
    /// survives is decided by the seed. False: this engine has no disk.
    virtual bool arm_crash(std::uint64_t /*nth*/, std::uint64_t /*seed*/) { return false; }
    /// The machine is back: the server starts on what survived. Whether power went before this
    /// call, so that whatever was answered since may be lost. REQUIRES: arm_crash().
    virtual bool crash() { return false; }

    struct Fault {
        std::string operation;  ///< of base::Vfs; empty: any
        std::uint64_t nth = 1;
        int code = 0;  ///< errno
        bool for_ever = false;
    };
    /// False: this engine has no disk.
    virtual bool arm_fault(const Fault& /*fault*/) { return false; }
    virtual void heal() {}
    /// The engine takes writes again, or why it does not.
    virtual std::optional<std::string> resume() { return std::nullopt; }

    /// Blobs that are finished and not released, when the engine can count them.
    virtual std::optional<std::size_t> live_blobs() { return std::nullopt; }

protected:
    [[nodiscard]] std::unique_ptr<test::Endpoint> make_endpoint(storage::MetadataStore& rows,
                                                                storage::BlobStore& blobs);

private:
    base::FakeClock clock_{base::WallTime(std::chrono::milliseconds(1'700'000'000'500))};
};

struct WorldFactory {
    std::string name;
    std::function<std::unique_ptr<World>()> make;
};
/// All of them; a regression names one.
const std::vector<WorldFactory>& worlds();

std::unique_ptr<World> make_memory_world();
/// On a simulated disk; one that lies says that data is safe when it is not.
enum class DiskSyncs { work, lie };
std::unique_ptr<World> make_local_world(DiskSyncs syncs);

}  // namespace holdfast::model_test
