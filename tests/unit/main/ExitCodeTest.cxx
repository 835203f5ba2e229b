#include "main/ExitCode.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>

using namespace launcher;
using Kind = pool::Outcome::Kind;

namespace {

int Code(Kind kind, std::optional<pool::ExitStatus> failure = {},
         std::optional<spawn::LaunchFailure> launch_failure = {}) {
    pool::Outcome outcome;
    outcome.kind = kind;
    outcome.failure = failure;
    outcome.launch_failure = launch_failure;
    return ExitCode(outcome);
}

constexpr pool::ExitStatus Exited(int status) {
    return {false, status};
}

constexpr pool::ExitStatus Killed(int signo) {
    return {true, signo};
}

} // namespace

TEST_CASE("jobs: 0, or what the first that failed says") {
    CHECK(Code(Kind::COMPLETED) == 0);
    CHECK(Code(Kind::COMPLETED, Exited(7)) == 7);
    CHECK(Code(Kind::COMPLETED, Exited(255)) == 255);
    CHECK(Code(Kind::COMPLETED, Killed(SIGSEGV)) == 139);
    CHECK(Code(Kind::COMPLETED, Exited(0)) == 1); // a failure: it was not ready in time
}

TEST_CASE("a stop: 0, 143 for TERM, 137 when it had to be killed") {
    CHECK(Code(Kind::STOPPED) == 0);
    CHECK(Code(Kind::STOPPED, Exited(3)) == 3);
    CHECK(Code(Kind::STOPPED, Killed(SIGTERM)) == 143);
    CHECK(Code(Kind::STOPPED, Killed(SIGKILL)) == 137);
    CHECK(Code(Kind::STOPPED, Killed(SIGINT)) == 130);
}

TEST_CASE("a boot failure is never a success") {
    CHECK(Code(Kind::BOOT_FAILED, Exited(0)) == 1);
    CHECK(Code(Kind::BOOT_FAILED) == 1);
    CHECK(Code(Kind::BOOT_FAILED, Exited(2)) == 2);
    CHECK(Code(Kind::BOOT_FAILED, Killed(SIGABRT)) == 134);
}

TEST_CASE("every slot has failed: what the last one says, never a success") {
    CHECK(Code(Kind::GIVEN_UP, Exited(0)) == 1);
    CHECK(Code(Kind::GIVEN_UP, Exited(6)) == 6);
    CHECK(Code(Kind::GIVEN_UP, Killed(SIGKILL)) == 137);
    const spawn::LaunchFailure gone{spawn::ExecStage::EXEC, ENOENT};
    CHECK(Code(Kind::GIVEN_UP, Exited(0), gone) == 127);
}

TEST_CASE("one has failed and ended the others: its own status") {
    CHECK(Code(Kind::ONE_FAILED, Exited(7)) == 7);
    CHECK(Code(Kind::ONE_FAILED, Killed(SIGSEGV)) == 139);
}

TEST_CASE("a start that failed: 127 not found, 126 not executable, 125 our own") {
    using Stage = spawn::ExecStage;
    CHECK(Code(Kind::LAUNCH_FAILED, {}, spawn::LaunchFailure{Stage::EXEC, ENOENT}) == 127);
    CHECK(Code(Kind::LAUNCH_FAILED, {}, spawn::LaunchFailure{Stage::EXEC, EACCES}) == 126);
    CHECK(Code(Kind::LAUNCH_FAILED, {}, spawn::LaunchFailure{Stage::EXEC, ENOEXEC}) == 126);
    for (std::size_t stage = 0; stage < spawn::EXEC_STAGES; stage++)
        if (static_cast<Stage>(stage) != Stage::EXEC)
            CHECK(Code(Kind::LAUNCH_FAILED, {},
                       spawn::LaunchFailure{static_cast<Stage>(stage), ENOENT}) == 125);
    // How those ended that ran already does not matter.
    CHECK(Code(Kind::LAUNCH_FAILED, Killed(SIGTERM), spawn::LaunchFailure{Stage::EXEC, ENOENT}) ==
          127);
}
