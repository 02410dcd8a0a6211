/// Settings as the options of each room: plain translation, nothing is decided here but what 0
/// stands for. threads: any.
#pragma once

#include <cstddef>

#include "auth/verifier.h"
#include "base/log.h"
#include "config/settings.h"
#include "server/admin/handler.h"
#include "server/background_work.h"
#include "server/http/server.h"
#include "server/memory_split.h"
#include "server/s3/context.h"
#include "storage/local/engine.h"

namespace holdfast::server {

base::log::Options log_options(const config::Settings& settings);

/// `cores`: for server.threads = 0. `files_max`: open files the process may have; connections get
/// at most 80 % of them (spec durability 4).
http::ServerOptions s3_server_options(const config::Settings& settings, std::size_t cores,
                                      std::size_t files_max);
http::ListenOptions s3_listen_options(const config::Settings& settings);

/// One loop: health and metrics never wait for S3's loops.
http::ServerOptions admin_server_options(const config::Settings& settings);
/// Plain HTTP, never queued.
http::ListenOptions admin_listen_options(const config::Settings& settings);
admin::Options admin_options(const config::Settings& settings);

/// What uploads leave free; 0 is the engine's own choice.
std::uint64_t free_space_reserve_bytes(const config::Settings& settings);
storage::local::EngineOptions engine_options(const config::Settings& settings,
                                             const MemorySplit& memory);
BackgroundOptions background_options(const config::Settings& settings, const MemorySplit& memory);
auth::VerifierOptions verifier_options(const config::Settings& settings);
s3::Options s3_options(const config::Settings& settings, auth::Account root);

}  // namespace holdfast::server
