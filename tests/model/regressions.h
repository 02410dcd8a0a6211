/// Histories that found a mistake, in the server or in the model; replayed by every run. A new one
/// is the last line of a failing exploration's report. threads: any.
#pragma once

#include <string>
#include <vector>

namespace holdfast::model_test {

struct Regression {
    std::string world;  ///< empty: over each
    std::string commands;
    std::string what;
};
const std::vector<Regression>& regressions();

}  // namespace holdfast::model_test
