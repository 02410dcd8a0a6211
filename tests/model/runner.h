/// Carries out a history on a server and on the model, and compares after each command (spec
/// durability 5.2). After a crash, or an answer that leaves a request in doubt, several states are
/// allowed; what is observed then picks one, which holds from there on (P5).
///
/// threads: one.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/model/command.h"
#include "tests/model/world.h"

namespace holdfast::model_test {

/// The server is wrong, or the model is.
struct Mismatch : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Runner {
public:
    explicit Runner(World& world);

    /// All of them, and whole-state checks on the way and at the end. Throws Mismatch.
    void run(const Commands& commands);
    /// How often what is rare came about, so that a test knows that it tested something.
    struct Counts {
        std::uint64_t crashes_during = 0;  ///< power went before the answer
        std::uint64_t crashes_behind = 0;
        std::uint64_t failures = 0;  ///< requests that a fault made fail
        std::uint64_t restarts = 0;
        std::uint64_t upkeep = 0;  ///< work of the engine's own, on any disk
        std::uint64_t moved = 0;   ///< blobs, by that
        Counts& operator+=(const Counts& other);
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }
    /// What was done, one line for each request with its outcome.
    [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }

private:
    void step(const Command& command);
    void request(const Call& call);
    void crashing_request(const Call& call);
    void learn(const Call& call, const test::Answer& answer);
    void go_on_with_list(const Call& call, const test::Answer& answer);
    void restart(bool clean);
    void collect_garbage();
    void look_after_engine(World::Work work, const char* what);
    void heal();
    void plan_fault(Choices choose);
    void arm_planned_fault(const Call& call);
    void in_doubt(const Reference& before, const Reference& after);
    test::Answer send(const Call& call);

    /// Whole-state equality with one of them, which becomes the state.
    void settle(std::vector<Reference> candidates, const std::string& after_what);
    void check_whole();
    std::string whole_state(Reference& candidate);
    std::string ask(Reference& candidate, const Call& call);

    World& world_;
    Reference state_;
    OpenLists lists_;
    std::vector<std::string> trace_;
    struct PlannedCrash {
        std::uint64_t nth = 0;
        std::uint64_t seed = 0;
    };
    /// Both wait for a request that may change something.
    std::optional<PlannedCrash> planned_crash_;
    std::optional<World::Fault> planned_fault_;
    int faulty_requests_ = 0;  ///< so many more, counted from when the fault is armed
    /// A fault may have met work in the background, whose failure is felt later: until the next
    /// start the engine may refuse writes.
    bool hurt_ = false;
    int since_check_ = 0;
    Counts counts_;
};

}  // namespace holdfast::model_test
