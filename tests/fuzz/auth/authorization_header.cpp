/// The Authorization header and the dates beside it, through the verifier.

#include "tests/fuzz/auth/fuzz_bench.h"

using namespace holdfast::auth;
using namespace holdfast::auth::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Bench bench;
    Input input(data, size);
    HeaderList headers{{"host", "localhost"}};
    const auto flags = input.byte();
    headers.emplace_back("authorization", input.text());
    if ((flags & 1) != 0) headers.emplace_back("x-amz-date", "20130524T000000Z");
    if ((flags & 2) != 0) headers.emplace_back("x-amz-date", input.text());
    if ((flags & 4) != 0) headers.emplace_back("date", input.text());
    if ((flags & 8) != 0) headers.emplace_back("x-amz-content-sha256", input.text());
    if ((flags & 16) != 0) headers.emplace_back("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    const SignedRequest request{"PUT", "/bucket/key", "", &headers, false};
    const auto verified = bench.verifier.verify(request, (flags & 32) != 0);
    HF_ASSERT(!verified);  // with an Authorization header nobody is anonymous
    return 0;
}
