#include "sys/SignalFd.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <poll.h>
#include <unistd.h>

using namespace sys;

namespace {

sigset_t SetOf(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signo : signals)
        sigaddset(&set, signo);
    return set;
}

/** The mask as it was, put back at the end. */
struct KeepMask {
    KeepMask() { sigprocmask(SIG_SETMASK, nullptr, &mask); }
    ~KeepMask() { sigprocmask(SIG_SETMASK, &mask, nullptr); }
    KeepMask(const KeepMask &) = delete;
    KeepMask &operator=(const KeepMask &) = delete;

    sigset_t mask;
};

bool IsReadable(Fd fd) {
    pollfd source = {fd.Get(), POLLIN, 0};
    return poll(&source, 1, 0) == 1;
}

} // namespace

TEST_CASE("signals of the set are blocked and come as records, with their sender") {
    const KeepMask keep;
    SignalFd signals(SetOf({SIGUSR1, SIGUSR2}));
    CHECK_FALSE(IsReadable(signals.Descriptor()));
    CHECK(signals.ReadAll().empty());

    REQUIRE(kill(getpid(), SIGUSR2) == 0);
    REQUIRE(kill(getpid(), SIGUSR1) == 0);
    CHECK(IsReadable(signals.Descriptor()));
    const auto records = signals.ReadAll();
    REQUIRE(records.size() == 2);
    CHECK(records[0].ssi_signo == SIGUSR1); // the lowest number first
    CHECK(records[1].ssi_signo == SIGUSR2);
    CHECK(records[0].ssi_code == SI_USER);
    CHECK(records[0].ssi_pid == static_cast<std::uint32_t>(getpid()));
    CHECK(signals.ReadAll().empty());
}

TEST_CASE("more signals than one read takes") {
    const KeepMask keep;
    SignalFd signals(SetOf({SIGRTMIN}));
    for (int i = 0; i < 20; i++)
        REQUIRE(sigqueue(getpid(), SIGRTMIN, {.sival_int = i}) == 0);
    const auto records = signals.ReadAll();
    REQUIRE(records.size() == 20);
    for (int i = 0; i < 20; i++)
        CHECK(records[static_cast<std::size_t>(i)].ssi_int == i);
}

TEST_CASE("it adds to the mask and takes nothing away") {
    const KeepMask keep;
    const sigset_t alarm = SetOf({SIGALRM});
    sigprocmask(SIG_SETMASK, &alarm, nullptr);
    const SignalFd signals(SetOf({SIGUSR1}));
    sigset_t now;
    sigprocmask(SIG_SETMASK, nullptr, &now);
    CHECK(sigismember(&now, SIGALRM) == 1);
    CHECK(sigismember(&now, SIGUSR1) == 1);
    CHECK(sigismember(&now, SIGUSR2) == 0);
}

TEST_CASE("its descriptor is not inherited") {
    const KeepMask keep;
    const SignalFd signals(SetOf({SIGUSR1}));
    CHECK((fcntl(signals.Descriptor().Get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((fcntl(signals.Descriptor().Get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("ignored, and handled in either form") {
    struct sigaction before = {}, action = {};
    REQUIRE(sigaction(SIGUSR1, nullptr, &before) == 0);
    action.sa_handler = SIG_IGN; // NOLINT(performance-no-int-to-ptr)
    sigaction(SIGUSR1, &action, nullptr);
    CHECK(IsIgnored(SIGUSR1));
    action.sa_handler = SIG_DFL;
    sigaction(SIGUSR1, &action, nullptr);
    CHECK_FALSE(IsIgnored(SIGUSR1));
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = [](int, siginfo_t *, void *) {};
    sigaction(SIGUSR1, &action, nullptr);
    CHECK_FALSE(IsIgnored(SIGUSR1));
    sigaction(SIGUSR1, &before, nullptr);
    CHECK_FALSE(IsIgnored(0));
    CHECK_FALSE(IsIgnored(4711));
}
