#include "pool/ExitStatus.hxx"

#include <doctest/doctest.h>

using namespace pool;

namespace {

ExitStatus From(int code, int status) {
    siginfo_t info = {};
    info.si_code = code;
    info.si_status = status;
    return ExitStatus::From(info);
}

} // namespace

TEST_CASE("by status") {
    CHECK(From(CLD_EXITED, 0).IsSuccess());
    const ExitStatus failed = From(CLD_EXITED, 9);
    CHECK_FALSE(failed.killed);
    CHECK(failed.number == 9);
    CHECK_FALSE(failed.IsSuccess());
}

TEST_CASE("by signal, with and without a core file") {
    for (const int code : {CLD_KILLED, CLD_DUMPED}) {
        const ExitStatus killed = From(code, SIGKILL);
        CHECK(killed.killed);
        CHECK(killed.number == SIGKILL);
        CHECK_FALSE(killed.IsSuccess());
    }
}
