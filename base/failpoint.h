/// HF_FAILPOINT("name"): a named place where a test may make the process crash, fail, wait or
/// throw. Compiled in only with HF_FAILPOINTS (test builds); otherwise it costs nothing.
///
/// Set by the environment or by a test: "name=action[@nth]", several joined with ";". Actions:
/// crash (SIGKILL self), eio, enospc, short, delay:ms, pause, throw. The nth hit acts, others pass.
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
/// Names hit since the start, sorted: a test fails when a failpoint is never reached.
std::vector<std::string> failpoints_hit();
#define HF_FAILPOINT(name) ::holdfast::base::hit_failpoint(name)
#else
#define HF_FAILPOINT(name) ::holdfast::base::Injected::none
#endif

}  // namespace holdfast::base
