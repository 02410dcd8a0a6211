/// The S3 endpoint: every request goes through here, in the same order.
///
/// ids -> target -> route -> signature -> bucket -> admission -> handler -> answer, log, metrics.
/// source: docs/architecture.md 3; spec multipart section 3. threads: any event loop; one Service
/// serves all of them.
#pragma once

#include <memory>

#include "server/s3/context.h"
#include "server/s3/response.h"

namespace holdfast::s3 {

class Service final : public http::RequestHandler {
public:
    /// The parts of `services` must outlive it.
    explicit Service(Services services);
    ~Service() override;

    base::Awaitable<void> handle(http::Exchange& exchange) override;
    [[nodiscard]] std::pair<http::ResponseHead, std::string> refuse(
        unsigned status, std::string_view code, std::string_view message) override;

private:
    struct Outcome;
    struct State;
    base::Awaitable<Result<Response>> respond(http::Exchange& exchange, Outcome& outcome);
    base::Awaitable<Result<Response>> admit(Context& context);
    base::Awaitable<void> answer(http::Exchange& exchange, Result<Response> result,
                                 Outcome& outcome);
    void record(const http::Exchange& exchange, const Outcome& outcome) const;

    std::unique_ptr<State> state_;
};

}  // namespace holdfast::s3
