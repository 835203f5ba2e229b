#include "pool/Marks.hxx"
#include "harness/Environ.hxx"
#include "harness/Skip.hxx"
#include "harness/Wait.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <vector>

using namespace pool;
using namespace std::chrono_literals;

namespace {

/** Real children, which it reaps at its end. */
struct Fixture {
    ~Fixture() {
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    /** nullopt: no answer. */
    std::optional<Mark> Ask(pid_t pid) {
        answer.reset();
        marks.Ask(pid, MarkSource::Answer::Make<&Fixture::OnMark>(*this));
        CHECK_FALSE(answer);
        CHECK(harness::WaitFor([&] {
            loop.Turn(loop::Loop::Wait::NO);
            return answer.has_value();
        }));
        return answer;
    }

    void OnMark(const Mark &mark) noexcept { answer = mark; }
    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }

    std::vector<pid_t> pids;
    std::optional<Mark> answer;
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    loop::Errands errands{loop, util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
    Marks marks{errands, "the-run"};
};

void Execute(std::vector<std::string> entries) {
    std::vector<char *> envp;
    for (std::string &entry : entries)
        envp.push_back(entry.data());
    envp.push_back(nullptr);
    const char *const argv[] = {"sleep", "1000", nullptr};
    execve("/bin/sleep", const_cast<char **>(argv), envp.data());
    _exit(127);
}

/** A process with that environment; ends with the object. */
class Marked {
public:
    explicit Marked(const std::vector<std::string> &entries) : pid(fork()) {
        if (pid == 0)
            Execute(entries);
        const std::string comm = "/proc/" + std::to_string(pid) + "/comm";
        REQUIRE(harness::WaitFor([&comm] {
            std::string name;
            std::getline(std::ifstream(comm), name);
            return name == "sleep";
        }));
    }
    ~Marked() {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    const pid_t pid;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "the run and the worker's id are found in an environment") {
    const Marked own({"CLUSTERIZE_RUN=the-run", "CLUSTERIZE_WORKER_ID=7"});
    const Marked other({"CLUSTERIZE_RUN=the-runner", "CLUSTERIZE_WORKER_ID=7"});
    const Marked odd({"CLUSTERIZE_RUN=the-run"});
    const auto mark = Ask(own.pid);
    REQUIRE(mark);
    CHECK(mark->is_ours);
    CHECK(mark->worker == 7);
    CHECK_FALSE(Ask(other.pid)->is_ours);
    CHECK(Ask(odd.pid)->is_ours);
    CHECK_FALSE(Ask(odd.pid)->worker);
    CHECK_FALSE(Ask(getpid())->is_ours);
}

TEST_CASE_FIXTURE(Fixture, "an environment of 512 MiB costs neither memory nor time") {
    const unit::Forked big(harness::DeclareBigEnvironment);
    if (!big.is_prepared) {
        harness::ReportSkip("the kernel lets no process declare its environment");
        return;
    }
    const auto began = std::chrono::steady_clock::now();
    const auto mark = Ask(big.pid);
    CHECK(std::chrono::steady_clock::now() - began < 2s);
    REQUIRE(mark);
    CHECK_FALSE(mark->is_ours);
}

TEST_CASE_FIXTURE(Fixture, "a process that cannot be read in time has no mark") {
    const Marked own({"CLUSTERIZE_RUN=the-run", "CLUSTERIZE_WORKER_ID=7"});
    CHECK(Ask(own.pid)->is_ours);
    const auto ask_late = [&] {
        kill(pids.back(), SIGSTOP); // as if the read took long
        const auto began = std::chrono::steady_clock::now();
        CHECK_FALSE(Ask(own.pid)->is_ours);
        return std::chrono::steady_clock::now() - began;
    };
    const auto took = ask_late();
    CHECK(took >= Marks::DEADLINE);
    CHECK(took < Marks::DEADLINE + 2s);
    CHECK(Ask(own.pid)->is_ours);
}

TEST_CASE_FIXTURE(Fixture, "an answer that was cancelled does not come") {
    const Marks::Ticket ticket =
        marks.Send(getpid(), MarkSource::Answer::Make<&Fixture::OnMark>(*this));
    marks.Cancel(ticket);
    marks.Cancel(ticket);
    (void)Ask(getpid());
    CHECK(errands.Stuck() == 0);
}
