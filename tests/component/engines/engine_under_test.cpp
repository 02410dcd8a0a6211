#include "tests/component/engines/engine_under_test.h"

#include <utility>

namespace holdfast::test {

std::vector<EngineFactory>& engine_factories() {
    static std::vector<EngineFactory> factories;
    return factories;
}

RegisterEngine::RegisterEngine(std::string name,
                               std::function<std::unique_ptr<EngineUnderTest>()> make) {
    engine_factories().push_back({std::move(name), std::move(make)});
}

std::unique_ptr<EngineUnderTest> start(const EngineFactory& factory) {
    UNSCOPED_INFO("engine: " << factory.name);
    return factory.make();
}

}  // namespace holdfast::test
