#include "spawn/Start.hxx"
#include "harness/Fuse.hxx"
#include "harness/Skip.hxx"
#include "spawn/CloneLauncher.hxx"
#include "spawn/CommandSearch.hxx"
#include "unit/FakeClock.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

using namespace spawn;
using namespace std::chrono_literals;

namespace {

LaunchSpec Command(std::vector<std::string> argv) {
    LaunchSpec spec;
    spec.argv = std::move(argv);
    spec.env.Set("PATH", "/usr/bin:/bin");
    spec.paths = CommandPaths(spec.argv[0], "/usr/bin:/bin");
    getrlimit(RLIMIT_NOFILE, &spec.descriptor_limit);
    return spec;
}

struct Fixture {
    /** Begins; the test says what the child does. */
    void Begin() {
        std::array<int, 2> ends = {-1, -1};
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
        child = {sys::AdoptTag(), ends[1]};
        start.emplace(loop, StartChannel(sys::UniqueFd(sys::AdoptTag(), ends[0])),
                      Command({"server"}), util::Bind<&Fixture::OnSettled>(*this));
    }

    void Say(const ChildReport &report) const {
        REQUIRE(send(child.Get(), &report, sizeof(report), 0) == sizeof(report));
    }

    void OnSettled() noexcept { settled++; }

    unit::FakeClock clock;
    loop::Loop loop{clock};
    sys::UniqueFd child;
    std::optional<Start> start;
    int settled = 0;
};

} // namespace

TEST_CASE_FIXTURE(Fixture, "a start is pending until the channel ends: then the command executes") {
    Begin();
    CHECK(start->Look() == Start::State::PENDING);
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(settled == 0);
    child.Close();
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(settled == 1);
    CHECK(start->GetState() == Start::State::EXECUTED);
    CHECK(start->Look() == Start::State::EXECUTED);
    CHECK(settled == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "whoever knows that it must be over looks, and need not wait for the loop") {
    Begin();
    Say({ChildReport::Kind::NO_FILTER, ExecStage::FILTER, EBUSY});
    child.Close();
    CHECK(start->Look() == Start::State::EXECUTED);
    CHECK(settled == 1);
    CHECK(start->Take().filter_error == EBUSY);
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(settled == 1);
}

TEST_CASE_FIXTURE(Fixture, "a stage that fails is told with its errno, for people too") {
    Begin();
    Say({ChildReport::Kind::FAILED, ExecStage::EXEC, ENOENT});
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(settled == 1);
    CHECK(start->GetState() == Start::State::FAILED);
    CHECK(start->Failure().error == ENOENT);
    CHECK(start->DescribeFailure().find("'server'") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture,
                  "a child that does not get to its command has failed after ten seconds") {
    Begin();
    clock.Advance(Start::LIMIT - 1ms);
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(settled == 0);
    clock.Advance(1ms);
    loop.Turn(loop::Loop::Wait::NO);
    CHECK(settled == 1);
    CHECK(start->Failure().stage == ExecStage::EXEC);
    CHECK(start->Failure().error == ETIMEDOUT);
}

TEST_CASE_FIXTURE(Fixture, "a packet of another size is passed over") {
    Begin();
    REQUIRE(send(child.Get(), "x", 1, 0) == 1);
    CHECK(start->Look() == Start::State::PENDING);
    child.Close();
    CHECK(start->Look() == Start::State::EXECUTED);
}

TEST_CASE("the launcher goes on while a child hangs before its command") {
    const auto fuse = harness::Fuse::Mount();
    if (!fuse)
        HARNESS_SKIP("no FUSE can be mounted here");
    fuse->Stop();
    CloneLauncher launcher;
    LaunchSpec spec = Command({fuse->File()});
    auto result = launcher.Launch(spec);
    auto *forked = std::get_if<Forked>(&result);
    REQUIRE(forked != nullptr);
    REQUIRE(fuse->AwaitRequest());
    CHECK(forked->channel.Look() == StartChannel::State::PENDING);
    CHECK(kill(forked->pid, SIGKILL) == 0);
    fuse->Abort();
    CHECK(waitpid(forked->pid, nullptr, 0) == forked->pid);
}
