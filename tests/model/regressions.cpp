#include "tests/model/regressions.h"

namespace holdfast::model_test {

const std::vector<Regression>& regressions() {
    static const std::vector<Regression> all{
        {"", "create_upload;put_part;complete;wait 604;complete",
         "a Complete may be remembered longer than a day, until the reclaimer comes"}};
    return all;
}

}  // namespace holdfast::model_test
