// SQLite's method: each call of the file system under each operation fails, once or for ever. The
// process goes on, what was acknowledged stays, what failed is absent or (in doubt) whole, and
// after the disk is well again a restart shows exactly that. source: spec durability 5.3.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"
#include "tests/component/crash/world.h"
#include "tests/run_coroutine.h"

using namespace holdfast;
using namespace holdfast::test::crash;
using Kind = Operation::Kind;

namespace {

struct Fault {
    int code = EIO;
    bool for_ever = false;
};

/// A disk with an object, an overwritten one, and an upload with two parts.
struct Prepared {
    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    Model model;
    std::unique_ptr<World> world;

    Prepared() {
        open();
        for (const auto& operation : beginning()) REQUIRE(perform(operation));
    }

    static std::vector<Operation> beginning() {
        return {{Kind::put, "a", "", "tag1", 0, {1, 300}},
                {Kind::put, "a/b", "", "tag2", 0, {2, 5000}},
                {Kind::put, "b", "", "tag3", 0, {3, 70'000}},
                {Kind::create_upload, "b", "upload-100004", "tag4", 0, {}},
                {Kind::put_part, "b", "upload-100004", "", 1, {5, 20'000}},
                {Kind::put_part, "b", "upload-100004", "", 2, {6, 700}}};
    }

    void open() {
        world.reset();
        auto opened = World::open(vfs);
        REQUIRE(opened);
        world = *std::move(opened);
    }

    World::Done perform(const Operation& operation) {
        model.begin(operation);
        auto done = test::run(world->perform(operation));
        auto end = Model::End::done;
        if (!done) {
            const bool in_doubt =
                done.error().storage.kind == storage::StorageError::Kind::in_doubt;
            end = in_doubt ? Model::End::in_doubt : Model::End::not_done;
        }
        model.end(operation, end);
        return done;
    }

    /// What a client sees is what the model allows.
    World::Seen check() {
        World::Seen seen;
        REQUIRE(world->observe(model, seen) == "");
        for (const auto& [key, state] : seen) REQUIRE(model.check(key, state) == "");
        return seen;
    }

    /// What a restart finds stays.
    void restart() {
        open();
        for (const auto& [key, state] : check()) model.fix(key, state);
    }
};

std::size_t count_tables(Prepared& disk) {
    const auto names = disk.disk.list("/data/index");
    REQUIRE(names);
    return static_cast<std::size_t>(std::count_if(
        names->begin(), names->end(), [](const auto& name) { return name.ends_with(".sst"); }));
}

/// The rows go from memory to a file: others are written until the memory for them is full.
void fill_memtable(Prepared& disk) {
    const auto tables = count_tables(disk);
    for (int i = 0; count_tables(disk) == tables; ++i) {
        REQUIRE(i < 1000);
        storage::Transaction transaction;
        transaction.puts.push_back({{storage::RowFamily::index, "filler"}, std::string(4096, 'x')});
        REQUIRE(test::run(disk.world->engine().metadata().commit("no bucket", transaction)));
    }
}

/// The error a client hears must come from what failed.
bool is_right(const storage::catalog::CatalogError& error, int code) {
    using Error = storage::StorageError::Kind;
    if (error.kind != storage::catalog::CatalogError::Kind::storage) return false;
    switch (error.storage.kind) {
        case Error::in_doubt:
        case Error::read_only:
        case Error::unavailable:
            return true;
        case Error::out_of_space:
            return code == ENOSPC;
        case Error::io:
            return true;
        default:
            return false;
    }
}

/// False when the operation makes fewer calls than that.
bool sweep_call(const Operation& operation, std::uint64_t nth, Fault fault) {
    INFO(describe(operation) << ", call " << nth << " fails with " << fault.code
                             << (fault.for_ever ? " for ever" : " once"));
    Prepared disk;
    disk.vfs.fail({"", "", nth, fault.code, fault.for_ever});
    const auto done = disk.perform(operation);
    const bool met = disk.vfs.failed();
    if (!done) {
        INFO(describe(done.error()));
        CHECK(is_right(done.error(), fault.code));
    }
    disk.vfs.heal();
    REQUIRE(disk.world->engine().resume() == std::nullopt);
    // What is seen now stays, also what was in doubt (P5).
    for (const auto& [key, state] : disk.check()) disk.model.fix(key, state);
    disk.restart();
    // The disk is well: work goes on.
    CHECK(disk.perform({Kind::put, "z", "", "tag9", 0, {9, 40'000}}));
    disk.check();
    return met;
}

/// They stop once when a read of the index' own work failed, which the next write hears of.
void check_writes(Prepared& disk) {
    const Operation put{Kind::put, "z", "", "tag9", 0, {9, 40'000}};
    if (!disk.perform(put)) {
        REQUIRE(disk.world->engine().resume() == std::nullopt);
        CHECK(disk.perform(put));
    }
    CHECK(disk.perform({Kind::remove, "z", "", "", 0, {}}));
}

/// Until the operation makes no further call.
void sweep(const Operation& operation, Fault fault) {
    constexpr std::uint64_t calls_max = 100;
    std::uint64_t nth = 1;
    while (nth <= calls_max && sweep_call(operation, nth, fault)) ++nth;
    INFO(describe(operation) << ", fails with " << fault.code
                             << (fault.for_ever ? " for ever" : " once"));
    CHECK(nth > 1);           // it met one
    CHECK(nth <= calls_max);  // and all of them
}

}  // namespace

TEST_CASE("2.5 error sweep: no call of the disk that fails loses, mixes or invents anything",
          "[crash][fault]") {
    const std::vector<Operation> operations{
        {Kind::put, "a", "", "tag7", 0, {7, 200}},
        {Kind::put, "a/b", "", "tag7", 0, {7, 6000}},
        {Kind::put, "z", "", "tag7", 0, {7, 90'000}},
        {Kind::remove, "b", "", "", 0, {}},
        {Kind::create_upload, "z", "upload-100007", "tag7", 0, {}},
        {Kind::put_part, "b", "upload-100004", "", 2, {7, 20'000}},
        {Kind::complete, "b", "upload-100004", "", 0, {}},
        {Kind::abort, "b", "upload-100004", "", 0, {}},
    };
    for (const auto& operation : operations)
        for (const Fault fault :
             {Fault{EIO, false}, Fault{EIO, true}, Fault{ENOSPC, false}, Fault{ENOSPC, true}})
            sweep(operation, fault);
}

TEST_CASE(
    "2.5 error sweep: reads and listings on a failing disk are right, or say that they failed",
    "[crash][fault]") {
    Prepared disk;
    fill_memtable(disk);
    const auto before = disk.check();
    const auto io_error =
        fmt::format("storage error {}:", static_cast<int>(storage::StorageError::Kind::io));
    constexpr std::uint64_t calls_max = 200;
    for (const bool for_ever : {false, true}) {
        std::uint64_t nth = 1;
        std::string failures;
        std::uint64_t failed = 0;
        for (bool met = true; met && nth <= calls_max; ++nth) {
            INFO("read " << nth << " fails" << (for_ever ? " for ever" : " once"));
            disk.open();  // nothing is cached
            disk.vfs.fail({"pread", "", nth, EIO, for_ever});
            World::Seen seen;
            const auto wrong = disk.world->observe(disk.model, seen);
            met = disk.vfs.failed();
            disk.vfs.heal();
            if (wrong.empty()) {
                CHECK(seen == before);
            } else {
                ++failed;
                failures += wrong + "\n";
                CHECK(wrong.find(io_error) != std::string::npos);
            }
            CHECK(disk.check() == before);
            check_writes(disk);
        }
        CHECK(nth <= calls_max);
        // What failed once is read again, from the medium.
        INFO(failures);
        CHECK((for_ever ? failed > 0 : failed == 0));
    }
}

TEST_CASE("2.5 error sweep: a start on a failing disk works or refuses, and hurts nothing",
          "[crash][fault]") {
    Prepared disk;
    const auto before = disk.check();
    // Each start leaves the next one more to look after, so that the calls do not end.
    constexpr std::uint64_t calls_max = 150;
    for (const Fault fault : {Fault{EIO, false}, Fault{EIO, true}, Fault{ENOSPC, true}}) {
        bool met = true;
        for (std::uint64_t nth = 1; met && nth <= calls_max; ++nth) {
            INFO("call " << nth << " fails with " << fault.code
                         << (fault.for_ever ? " for ever" : " once"));
            disk.world.reset();
            disk.vfs.fail({"", "", nth, fault.code, fault.for_ever});
            const auto opened = World::open(disk.vfs);
            met = disk.vfs.failed();
            if (opened) {
                World::Seen seen;
                // A lasting fault shows as an error; what is shown is right.
                if ((*opened)->observe(disk.model, seen).empty()) CHECK(seen == before);
            } else {
                // A disk that fails is neither damage nor another version's format.
                INFO(opened.error().message);
                CHECK(opened.error().kind == storage::local::OpenError::Kind::io);
                CHECK_FALSE(opened.error().message.empty());
            }
            disk.vfs.heal();
        }
        disk.restart();
        CHECK(disk.perform({Kind::put, "z", "", "tag3", 0, {3, 9000}}));
        CHECK(disk.perform({Kind::remove, "z", "", "", 0, {}}));
        CHECK(disk.check() == before);
    }
}
