#include "adopt/HeldSearch.hxx"
#include "harness/Wait.hxx"
#include "net/SocketState.hxx"
#include "unit/Forked.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace adopt;

namespace {

struct Fixture {
    ~Fixture() {
        for (const pid_t pid : pids) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    void OnForked(pid_t pid) noexcept { pids.push_back(pid); }
    void OnDone(std::optional<HeldSearch::Inodes> found) noexcept {
        held = std::move(found);
        done = true;
    }

    /** Below this process. */
    void Search(std::vector<std::uint64_t> inodes) {
        done = false;
        search.Start(getpid(), false, 0, std::move(inodes));
        REQUIRE(harness::WaitFor([&] {
            loop.Turn(loop::Loop::Wait::NO);
            return done;
        }));
    }

    std::vector<pid_t> pids;
    std::optional<HeldSearch::Inodes> held;
    bool done = false;
    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    loop::Errands errands{loop, util::BoundMethod<void(pid_t)>::Make<&Fixture::OnForked>(*this)};
    HeldSearch search{loop, errands, 1, HeldSearch::Pace::AT_ONCE,
                      HeldSearch::Done::Make<&Fixture::OnDone>(*this)};
};

sys::UniqueFd Socket() {
    return {sys::AdoptTag(), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

} // namespace

TEST_CASE("what a descendant holds is found, and what nobody holds is not") {
    Fixture fixture;
    sys::UniqueFd kept = Socket();
    const std::uint64_t inode = net::InodeOf(kept);
    const unit::Forked child([] {});
    kept.Close();
    const sys::UniqueFd own = Socket(); // of the one who asks
    const std::uint64_t others = net::InodeOf(own);
    fixture.Search({inode, others});
    REQUIRE(fixture.held);
    CHECK(*fixture.held == HeldSearch::Inodes{inode});
}

TEST_CASE("a socket above tens of thousands of descriptors is not held by nobody") {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    const unsigned many = 4 * HeldSearch::DESCRIPTORS;
    if (limit.rlim_max < many + 100) {
        MESSAGE("skipped: the limit of descriptors is ", limit.rlim_max);
        return;
    }
    const rlimit before = limit;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    Fixture fixture;
    sys::UniqueFd socket = Socket();
    const std::uint64_t inode = net::InodeOf(socket);
    const unit::Forked child([&] {
        const int null = open("/dev/null", O_RDONLY);
        while (dup(null) < static_cast<int>(many)) {
        }
        if (dup(socket.Get()) < static_cast<int>(many) || close(socket.Get()) != 0)
            _exit(1);
    });
    REQUIRE(child.is_prepared);
    socket.Close();
    fixture.Search({inode});
    setrlimit(RLIMIT_NOFILE, &before);
    REQUIRE(fixture.held);
    CHECK(fixture.held->contains(inode));
}
