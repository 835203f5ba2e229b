#include "watch/RunMarks.hxx"
#include "harness/Environ.hxx"
#include "harness/Skip.hxx"
#include "sys/Proc.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <vector>

using namespace watch;
using namespace std::chrono_literals;

namespace {

bool Ask(RunMarks &marks, pid_t pid) {
    return marks.Has(pid, sys::ReadProcessStat(pid)->start);
}

/** As if a read in it took long: the youngest child. */
bool StopReader() {
    const pid_t pid = sys::ChildrenOf(getpid()).back();
    return kill(pid, SIGSTOP) == 0;
}

} // namespace

TEST_CASE("a stranger's environment of 512 MiB takes the watcher no time") {
    const unit::Forked big(harness::DeclareBigEnvironment);
    if (!big.is_prepared)
        HARNESS_SKIP("the kernel lets no process declare its environment");
    RunMarks marks("mark");
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(Ask(marks, big.pid));
    CHECK(std::chrono::steady_clock::now() - began < 1s);
}

TEST_CASE(
    "a process that cannot be read in time is waited for once, a user's only MOST_LATE times") {
    std::vector<std::unique_ptr<unit::Forked>> all;
    for (unsigned i = 0; i < RunMarks::MOST_LATE + 4; i++)
        all.push_back(std::make_unique<unit::Forked>([] {}));
    RunMarks marks("mark");
    unsigned stopped = 0;
    const auto began = std::chrono::steady_clock::now();
    for (int round = 0; round < 3; round++)
        for (const auto &process : all) {
            CHECK_FALSE(Ask(marks, getpid())); // there is a reader, and it is asked again
            stopped += StopReader() ? 1 : 0;
            CHECK_FALSE(Ask(marks, process->pid));
        }
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(stopped >= RunMarks::MOST_LATE);
    CHECK(took >= 1ms * RunMarks::DEADLINE_MILLISECONDS * RunMarks::MOST_LATE);
    CHECK(took < 5s);
}
