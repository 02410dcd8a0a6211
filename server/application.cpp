#include "server/application.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "auth/verifier.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "server/admin/handler.h"
#include "server/admin_token.h"
#include "server/background_work.h"
#include "server/engine_choice.h"
#include "server/http/memory_governor.h"
#include "server/http/server.h"
#include "server/keyring_choice.h"
#include "server/operator_service.h"
#include "server/options.h"
#include "server/process_limits.h"
#include "server/process_memory.h"
#include "server/root_identity.h"
#include "server/run_to_end.h"
#include "server/s3/service.h"
#include "server/startup_banner.h"
#include "server/stop_deadline.h"

namespace holdfast::server {

namespace catalog = storage::catalog;

namespace {

Failure cannot_listen(std::string_view setting, const http::StartError& error) {
    return {ExitCode::not_listening, std::string(setting) + ": " + error.message};
}

/// A request that was cut notices within a second (http::Server::drain); what it had under way, the
/// final sync and the index' own work have the rest. Together with limits.drain_timeout less than
/// what docker/compose.yaml gives the process.
constexpr std::chrono::seconds closing_timeout{8};

/// They hash beside the event loops, of which there is one for each processor.
std::size_t md5_threads() {
    return std::max(1U, std::thread::hardware_concurrency() / 2);
}

/// The catalog's parts over one engine, and the service on top of them.
struct S3Stack {
    S3Stack(const config::Settings& settings, StorageEngine& engine,
            storage::crypto::Keyring& keyring, const base::Clock& clock, base::Random& random,
            const auth::Credential& root)
        : store{engine.metadata(),
                engine.blobs(),
                keyring,
                clock,
                random,
                garbage,
                settings.storage_inline_bytes_max,
                settings.limits_list_time_slice},
          buckets(store),
          objects(store),
          uploads(store, objects),
          credentials(root),
          verifier(verifier_options(settings), credentials, clock),
          md5(md5_threads()),
          service(s3::Services{s3_options(settings, root.account), store, buckets, objects, uploads,
                               verifier, clock, random, md5}) {}

    catalog::GarbageList garbage;
    catalog::Store store;
    catalog::Buckets buckets;
    catalog::Objects objects;
    catalog::Uploads uploads;
    RootCredentialSource credentials;
    auth::Verifier verifier;
    storage::checksum::Md5Hasher md5;
    s3::Service service;
};

}  // namespace

struct Application::Parts {
    explicit Parts(config::Settings given)
        : settings(std::move(given)),
          pool(settings.storage_threads),
          admin_handler(admin_options(settings), readiness) {}

    Result<void> start_admin();
    Result<void> open_storage();
    Result<void> recover();
    Result<void> start_s3();
    void announce() const;
    /// What a write's answer promises.
    [[nodiscard]] std::string durability() const {
        return settings.storage_engine == "memory" ? "none" : settings.storage_durability;
    }
    void shut_down(std::chrono::milliseconds drain_timeout);

    const config::Settings settings;
    base::SystemClock clock;
    base::SystemRandom random;
    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::asio::io_context recovery_loop{1};
    base::WorkerPool pool;
    const MemorySplit memory = split_memory(settings, usable_memory_bytes(*vfs));
    const ResidentMemory resident{*vfs};
    admin::Readiness readiness;
    admin::Handler admin_handler;

    std::unique_ptr<StorageEngine> engine;
    std::unique_ptr<storage::crypto::Keyring> keyring;
    RootIdentity root;
    std::unique_ptr<S3Stack> stack;
    std::unique_ptr<BackgroundWork> background;
    base::Secret admin_token;
    std::unique_ptr<OperatorService> operator_service;
    // Last, so that they go first: their loops use everything above.
    std::unique_ptr<http::Server> admin_server;
    std::unique_ptr<http::Server> s3_server;
    std::string admin_endpoint;
    std::string endpoint;
};

Result<void> Application::Parts::start_admin() {
    auto server = std::make_unique<http::Server>(admin_server_options(settings), clock);
    const auto port = server->listen(admin_listen_options(settings), admin_handler);
    if (!port) return cannot_listen("admin", port.error());
    admin_server = std::move(server);
    admin_server->run();
    admin_endpoint = endpoint_url(settings.admin_address, *port, false);
    return {};
}

Result<void> Application::Parts::open_storage() {
    auto opened = open_engine(settings, {*vfs, clock, random, pool, memory});
    if (!opened) return std::move(opened).error();
    engine = *std::move(opened);
    // After the engine: it holds the data directory's lock.
    auto keys = settings.storage_engine == "memory" ? make_transient_keyring(settings, random)
                                                    : open_keyring(settings, *vfs, random);
    if (!keys) return std::move(keys).error();
    keyring = *std::move(keys);
    auto identity = open_root_identity(settings, *vfs, random);
    if (!identity) return std::move(identity).error();
    root = *std::move(identity);
    auto token = open_admin_token(settings, *vfs, random);
    if (!token) return std::move(token).error();
    admin_token = *std::move(token);
    stack = std::make_unique<S3Stack>(settings, *engine, *keyring, clock, random, root.credential);
    return {};
}

Result<void> Application::Parts::recover() {
    // What it ends needs writes; the reclaimer makes up for it when they are taken again.
    auto* const local = engine->local();
    const auto takes_writes = [local] { return local == nullptr || local->condition().writable(); };
    if (!takes_writes()) return {};
    const auto recovered = run_to_end(recovery_loop, stack->buckets.recover());
    if (recovered) return {};
    if (!takes_writes()) {
        base::log::warning("buckets.not_recovered", {{"detail", recovered.error().storage.detail}});
        return {};
    }
    return Failure{ExitCode::data_unusable, "storage.directory: the buckets cannot be read: " +
                                                recovered.error().storage.detail};
}

Result<void> Application::Parts::start_s3() {
    auto options = s3_server_options(settings, usable_cores(), raise_open_files_limit());
    options.memory = std::make_shared<http::MemoryGovernor>(
        http::MemoryGovernor::Options{memory.limit_bytes, memory.requests_bytes,
                                      [this] { return resident.bytes(); },
                                      // Takes long; the loops ask for it.
                                      [this] { pool.post(give_back_free_memory); }},
        clock);
    auto server = std::make_unique<http::Server>(std::move(options), clock);
    const auto port = server->listen(s3_listen_options(settings), stack->service);
    if (!port) return cannot_listen("server", port.error());
    s3_server = std::move(server);
    auto* const local = engine->local();
    background = std::make_unique<BackgroundWork>(stack->store, stack->buckets, stack->uploads,
                                                  local != nullptr ? &local->upkeep() : nullptr,
                                                  background_options(settings, memory));
    operator_service = std::make_unique<OperatorService>(
        OperatorService::Parts{settings, *engine, *background, *vfs, clock, pool});
    admin_handler.api().connect(*operator_service, admin_token);
    s3_server->run();
    endpoint = endpoint_url(settings.server_address, *port, !settings.tls_certificate.empty());
    return {};
}

void Application::Parts::announce() const {
    base::metrics::gauge("holdfast_build_info", "1, with the version as a label.",
                         {{"version", HF_VERSION}})
        .Set(1);
    base::metrics::gauge("holdfast_storage_durability_info",
                         "1, with the setting storage.durability as a label.",
                         {{"durability", durability()}})
        .Set(1);
    if (settings.storage_engine == "memory")
        base::log::warning("storage.memory", {{"meaning", "data is gone when the server stops"}});
    if (settings.storage_engine == "local" && settings.storage_durability == "relaxed")
        base::log::warning("storage.relaxed",
                           {{"meaning", "a power failure may lose writes that were answered"}});
    base::log::info("ready", {{"version", HF_VERSION},
                              {"endpoint", endpoint},
                              {"admin_endpoint", admin_endpoint},
                              {"region", settings.server_region},
                              {"directory", settings.storage_directory},
                              {"durability", durability()},
                              {"memory_limit_bytes", memory.limit_bytes},
                              {"keyring", keyring->active_key_id()},
                              {"pid", static_cast<std::int64_t>(::getpid())}});
}

/// In an order that leaves nobody with something that is gone.
void Application::Parts::shut_down(std::chrono::milliseconds drain_timeout) {
    StopDeadline deadline(drain_timeout + closing_timeout, "requests");
    readiness.set(admin::Phase::draining);
    if (s3_server) {
        const auto drained = s3_server->drain(drain_timeout);
        base::log::info("drained",
                        {{"requests_cut", static_cast<std::uint64_t>(drained.requests_cut)}});
        if (drained.sessions_left > 0) end_uncleanly("requests");
    }
    deadline.waits_for("admin requests");
    admin_handler.api().disconnect();
    operator_service.reset();
    deadline.waits_for("background work");
    if (background) background->stop();
    stack.reset();
    deadline.waits_for("closing the storage");
    if (engine) engine->close();
    engine.reset();
    deadline.waits_for("the storage's threads");
    pool.join();
    deadline.waits_for("the listeners");
    // After the threads of the engine and the pool: one of them may have been inside the call that
    // posted the last result to a loop.
    s3_server.reset();
    background.reset();
    if (admin_server) admin_server->drain(std::chrono::milliseconds(0));
    admin_server.reset();
}

Application::Application(config::Settings settings)
    : parts_(std::make_unique<Parts>(std::move(settings))) {}

Application::~Application() {
    if (parts_) parts_->shut_down(std::chrono::milliseconds(0));
}

Result<void> Application::start() {
    for (const auto step :
         {&Parts::start_admin, &Parts::open_storage, &Parts::recover, &Parts::start_s3})
        if (auto done = (*parts_.*step)(); !done) return done;
    parts_->readiness.set(admin::Phase::serving);
    parts_->announce();
    return {};
}

std::string Application::banner() const {
    const config::Settings& settings = parts_->settings;
    Banner banner;
    banner.version = HF_VERSION;
    banner.endpoint = parts_->endpoint;
    banner.admin_endpoint = parts_->admin_endpoint;
    banner.region = settings.server_region;
    banner.data = settings.storage_engine == "memory" ? "in memory, gone when the server stops"
                                                      : settings.storage_directory;
    if (settings.storage_engine == "local")
        banner.data += "  (durability " + settings.storage_durability + ")";
    banner.access_key_id = parts_->root.credential.access_key_id;
    if (parts_->root.made) banner.new_secret_key = parts_->root.credential.secret_key;
    banner.credentials_path = parts_->root.credentials_path;
    return banner_text(banner);
}

void Application::reload() {
    base::log::reopen();
    const auto reloaded = parts_->s3_server->reload_tls();
    if (reloaded)
        base::log::info("reloaded");
    else
        base::log::error("reload.failed", {{"error", reloaded.error().message}});
}

void Application::stop() {
    base::log::info("draining");
    parts_->readiness.set(admin::Phase::draining);
    std::this_thread::sleep_for(parts_->settings.limits_drain_delay);
    parts_->shut_down(parts_->settings.limits_drain_timeout);
    parts_.reset();
}

}  // namespace holdfast::server
