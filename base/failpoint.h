/// HF_FAILPOINT("name"): a named place where a test may make the process crash, fail, wait or
/// throw. Compiled in only with HF_FAILPOINTS (test builds); otherwise it costs nothing.
///
/// Set by the environment or by a test: "name=action[@nth]", several joined with ";". Actions:
/// crash (SIGKILL self), eio, enospc, short, delay:ms, pause, throw. The nth hit acts, others pass.
/// Where HOLDFAST_TEST_FAILPOINT_DIRECTORY names a directory, the first hit of each name leaves an
/// empty file called as it there, before it acts: so a check over all test programs
/// (scripts/check/failpoints_hit.py) sees which names none of them reaches, crashes included.
///
/// HF_TEST_BREAK("name"): whether a measure that keeps data safe is left out, so that the crash
/// tests can show that they would notice (the self-checks of spec durability 5.3). Names, joined
/// with "|", come from the environment's HOLDFAST_TEST_BREAK or from a test:
///   blob_sync  a segment's fdatasync is claimed and not done
///   dir_sync   so is the fsync of the directory of segments
///   wal_sync   the index' log is written and not synced
///   gc_order   blobs are released before the transaction that drops them is durable
///   release_sync  with relaxed, they are released without the sync that makes it so
/// source: spec durability 5.1. threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::base {

/// What the caller must pretend happened. crash, delay, pause and throw are carried out inside.
enum class Injected { none, eio, enospc, short_write };

#ifdef HF_FAILPOINTS
Injected hit_failpoint(const char* name);
/// Replaces the whole set. False when the text is not understood.
bool set_failpoints(std::string_view specification);
/// Reads HOLDFAST_FAILPOINTS; false as above.
bool set_failpoints_from_environment();
/// Names hit since the start, sorted.
std::vector<std::string> failpoints_hit();
bool is_test_break(std::string_view name);
/// Replaces the whole set, the environment's too. False, and nothing changes, when a name is
/// unknown: a self-check that breaks nothing would prove nothing.
bool set_test_breaks(std::string_view names);
#define HF_FAILPOINT(name) ::holdfast::base::hit_failpoint(name)
#define HF_TEST_BREAK(name) ::holdfast::base::is_test_break(name)
#else
#define HF_FAILPOINT(name) ::holdfast::base::Injected::none
#define HF_TEST_BREAK(name) false
#endif

}  // namespace holdfast::base
