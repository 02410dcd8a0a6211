#include "tests/component/s3/fault_signs.h"

#include <sstream>

#include "base/log.h"
#include "base/metrics.h"
#include "server/health_remarks.h"

namespace holdfast::test {

double metric(const std::string& series) {
    const auto text = base::metrics::render();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return 0;
    return std::stod(text.substr(at + series.size() + 2));
}

double remarked(const std::string& words) {
    const std::string since = "since the start: ";
    std::istringstream lines(server::health_remarks(base::metrics::samples()));
    for (std::string line; std::getline(lines, line);) {
        if (line == words) return 1;
        if (line.starts_with(since) && line.ends_with(" " + words))
            return std::stod(line.substr(since.size()));
    }
    return 0;
}

Log::Log() {
    base::log::start({base::log::Level::info, base::log::Format::json, file()});
}

Log::~Log() {
    base::log::stop();
}

double Log::lines(const std::string& event) {
    base::log::stop();
    const auto text = directory_.read("log");
    const auto name = "\"event\":\"" + event + "\"";
    double count = 0;
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) ++count;
    return count;
}

void Signs::check(double faults) {
    INFO(names_.series << ", " << names_.event << ", " << names_.remark);
    CHECK(counted() == faults);
    CHECK(remark() - remarked_ == faults);
    CHECK(log_.lines(names_.event) == faults);
}

Signs::Names stopped_writes() {
    return {"holdfast_storage_faults_total", "storage.read_only", "faults that stopped writes"};
}

}  // namespace holdfast::test
