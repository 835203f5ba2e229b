#include "sys/SignalState.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <sys/prctl.h>
#include <unistd.h>

using namespace sys;

namespace {

void Nothing(int) {}

} // namespace

TEST_CASE("what a process handles, blocks and has pending") {
    const unit::Forked child([] {
        prctl(PR_SET_NAME, "a name");
        signal(SIGUSR1, Nothing);
        signal(SIGUSR2, SIG_IGN);
        signal(SIGWINCH, SIG_DFL);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, nullptr);
    });
    kill(child.pid, SIGTERM);
    const auto state = ReadSignalState(child.pid);
    REQUIRE(state);
    CHECK(state->name == "a name");
    CHECK(state->Handles(SIGUSR1));
    CHECK(state->Handles(SIGTERM)); // perhaps by signalfd(2)
    CHECK_FALSE(state->Handles(SIGUSR2));
    CHECK_FALSE(state->Handles(SIGWINCH));
    CHECK(state->IsPending(SIGTERM));
    CHECK_FALSE(state->IsPending(SIGUSR1));
    CHECK_FALSE(state->CatchesAll());
}

TEST_CASE("a runtime that catches every signal") {
    const unit::Forked child([] {
        for (int signo = 1; signo <= SIGRTMAX; signo++)
            signal(signo, Nothing);
    });
    CHECK(ReadSignalState(child.pid).value().CatchesAll());
}

TEST_CASE("the file that a process executes") {
    CHECK(ReadExecutable(getpid()) ==
          std::filesystem::read_symlink("/proc/self/exe").filename().string());
    CHECK(ReadExecutable(-1).empty());
}

TEST_CASE("a process that is gone") {
    pid_t pid = 0;
    {
        const unit::Forked child([] {});
        pid = child.pid;
        CHECK(IsInOwnGroup(pid));
    }
    CHECK_FALSE(ReadSignalState(pid));
    CHECK_FALSE(IsInOwnGroup(pid));
}

TEST_CASE("a process of another group") {
    const unit::Forked child([] { setsid(); });
    CHECK_FALSE(IsInOwnGroup(child.pid));
}
