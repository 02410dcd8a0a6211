/// The engines the suite runs on. Each engine registers a factory from a file of its own
/// (memory_engine.cpp, local_engine.cpp, …); every test of the suite runs once for each of them:
///
///     const auto engine = GENERATE_COPY(from_range(engine_factories())).make();
///
/// A test states what storage/metadata_store.h and storage/blob_store.h promise, and nothing else:
/// what only one engine does is tested beside that engine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/blob_store.h"
#include "storage/metadata_store.h"
#include "tests/catch.h"

namespace holdfast::test {

/// One engine, fresh and empty; it and everything it needs (directory, pool) goes with it.
class EngineUnderTest {
public:
    virtual ~EngineUnderTest() = default;
    virtual storage::MetadataStore& metadata() = 0;
    virtual storage::BlobStore& blobs() = 0;
    /// Bytes that finished and unfinished blobs hold, when the engine can tell.
    virtual std::optional<std::uint64_t> live_blob_bytes() { return std::nullopt; }
};

struct EngineFactory {
    std::string name;
    std::function<std::unique_ptr<EngineUnderTest>()> make;
};

std::vector<EngineFactory>& engine_factories();

/// At namespace scope: `const RegisterEngine memory("memory", make_memory_engine);`
struct RegisterEngine {
    RegisterEngine(std::string name, std::function<std::unique_ptr<EngineUnderTest>()> make);
};

/// A fresh engine, named in the output of a failing test.
std::unique_ptr<EngineUnderTest> start(const EngineFactory& factory);

}  // namespace holdfast::test

/// Runs the test once for each engine.
#define HF_EACH_ENGINE()                                                   \
    ::holdfast::test::start(::holdfast::test::engine_factories()[GENERATE( \
        range(std::size_t{0}, ::holdfast::test::engine_factories().size()))])
