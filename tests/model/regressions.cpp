#include "tests/model/regressions.h"

namespace holdfast::model_test {

const std::vector<Regression>& regressions() {
    static const std::vector<Regression> all{};
    return all;
}

}  // namespace holdfast::model_test
