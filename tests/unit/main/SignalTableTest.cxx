#include "main/SignalTable.hxx"
#include "sys/SignalNames.hxx"
#include "sys/Terminal.hxx"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <unistd.h>
#include <utility>

using namespace launcher;

namespace {

std::string sent; // by kill(2) of this program

} // namespace

// In place of the C library's: the launcher stops itself, this test does not.
extern "C" __attribute__((visibility("default"))) int kill(pid_t pid, int signo) noexcept {
    sent += pid == getpid() ? "self:" + sys::SignalName(signo) : "other";
    return 0;
}

namespace {

/** Writes down what it is asked for. */
class Recorder final : public pool::Commands {
public:
    void Stop(const pool::StopRequest &request) noexcept override {
        log += request.kind == pool::StopRequest::Kind::QUICK ? "quick:" : "stop:";
        log += sys::SignalName(request.signo) + (request.workers_have_it ? ":theirs " : " ");
    }
    void Relay(const pool::RelayRequest &request) noexcept override {
        log += "relay:" + sys::SignalName(request.signo) + (request.group_has_it ? ":theirs" : "") +
               (request.only_handlers ? ":handlers " : " ");
    }
    bool IsServing() const noexcept override { return serving; }
    void Reap() noexcept override { log += "reap "; }
    void Scale(unsigned) noexcept override { log += "scale "; }
    void Replace(unsigned, pool::Replaced) noexcept override { log += "replace "; }

    std::string log;
    bool serving = true;
};

struct Setting {
    explicit Setting(bool has_terminal = false, bool serving = true,
                     SignalTable::GroupHas group_has = {})
        : table(loop, commands, clock, has_terminal, group_has) {
        commands.serving = serving;
    }

    /** What these signals, seen in one turn, lead to; by a process or by the kernel. */
    std::string operator()(std::initializer_list<int> signals, int code = SI_USER) {
        std::vector<signalfd_siginfo> infos;
        for (const int signo : signals) {
            signalfd_siginfo info = {};
            info.ssi_signo = static_cast<std::uint32_t>(signo);
            info.ssi_code = code;
            infos.push_back(info);
        }
        sent.clear();
        table.OnSignals(infos);
        return std::exchange(commands.log, {}) + sent;
    }

    loop::MonotonicClock clock;
    loop::Loop loop{clock};
    Recorder commands;
    SignalTable table;
};

constexpr int TERMINAL = SI_KERNEL;

} // namespace

TEST_CASE("USR1 opens files anew, then it is relayed to those that handle it") {
    struct Files {
        void Reopen() noexcept { log += "reopen "; }
        std::string &log;
    };
    Setting on;
    Files files{on.commands.log};
    on.table.OnReopen(util::Bind<&Files::Reopen>(files));
    CHECK(on({SIGUSR1}) == "reopen relay:SIGUSR1:handlers ");
    CHECK(on({SIGUSR2}) == "relay:SIGUSR2 ");
}

namespace {

/** Workers in the launcher's process group. */
struct Shared {
    bool Has(int signo) noexcept { return signo == of_group; }

    /** What follows when the time is over in which the group may get the signal as well. */
    std::string Later() {
        on.clock.Skip(std::chrono::seconds(-1));
        on.loop.Turn(loop::Loop::Wait::NO);
        return std::exchange(on.commands.log, {});
    }

    int of_group = 0; // the signal that the group has got
    Setting on{true, true, SignalTable::GroupHas::Make<&Shared::Has>(*this)};
};

} // namespace

TEST_CASE("a stop that the whole process group was asked for is the workers' too") {
    Shared shared;
    shared.of_group = SIGTERM;
    CHECK(shared.on({SIGTERM}) == "stop:SIGTERM:theirs ");
    CHECK(shared.on.table.EndedBy() == 0);
    CHECK(shared.Later().empty());
}

TEST_CASE("a stop that the launcher alone was asked for is theirs if the group follows") {
    Shared shared;
    CHECK(shared.on({SIGTERM}).empty());
    CHECK(shared.on({SIGTERM}).empty());
    CHECK(shared.Later() == "stop:SIGTERM ");
    CHECK(shared.on({SIGTERM}) == "stop:SIGTERM ");

    Shared timeout;
    CHECK(timeout.on({SIGTERM}).empty());
    timeout.of_group = SIGTERM;
    CHECK(timeout.Later() == "stop:SIGTERM:theirs ");

    Shared both;
    CHECK(both.on({SIGTERM}).empty());
    both.of_group = SIGTERM;
    CHECK(both.on({SIGTERM, SIGCHLD}) == "stop:SIGTERM:theirs reap ");
    CHECK(both.Later().empty());

    Shared quick;
    CHECK(quick.on({SIGTERM, SIGQUIT}).empty());
    CHECK(quick.Later() == "quick:SIGTERM ");

    Shared typed;
    CHECK(typed.on({SIGTERM}).empty());
    CHECK(typed.on({SIGINT}, TERMINAL) == "stop:SIGINT:theirs ");
    CHECK(typed.Later().empty());
}

TEST_CASE("a signal to the whole process group is not relayed to those that have it") {
    Shared shared;
    shared.of_group = SIGUSR2;
    CHECK(shared.on({SIGUSR2}) == "relay:SIGUSR2:theirs ");
    CHECK(shared.on({SIGUSR1}) == "relay:SIGUSR1 ");
}

TEST_CASE("TERM and INT stop, each time anew: what that means is the ladder's") {
    Setting on;
    CHECK(on({SIGTERM}) == "stop:SIGTERM ");
    CHECK(on({SIGTERM}) == "stop:SIGTERM ");
    CHECK(on({SIGINT}) == "stop:SIGINT ");
    CHECK(on({SIGINT}) == "stop:SIGINT ");
    CHECK(on.table.EndedBy() == 0); // a process sent them
}

TEST_CASE("QUIT stops without delay") {
    Setting on;
    CHECK(on({SIGQUIT}) == "quick:SIGQUIT ");
}

TEST_CASE("INT from the terminal has reached the workers, and is what the launcher dies of") {
    Setting on(true);
    CHECK(on({SIGINT}, TERMINAL) == "stop:SIGINT:theirs ");
    CHECK(on.table.EndedBy() == SIGINT);
    CHECK(on({SIGINT}, TERMINAL) == "stop:SIGINT:theirs ");
    Setting quit(true);
    CHECK(quit({SIGQUIT}, TERMINAL) == "quick:SIGQUIT:theirs ");
    CHECK(quit.table.EndedBy() == SIGQUIT);
}

TEST_CASE("who asked first counts for the end") {
    Setting on(true);
    on({SIGTERM});
    on({SIGINT}, TERMINAL);
    CHECK(on.table.EndedBy() == 0);
    Setting terminal(true);
    terminal({SIGINT}, TERMINAL);
    terminal({SIGQUIT}, TERMINAL);
    CHECK(terminal.table.EndedBy() == SIGINT);
}

TEST_CASE("without a terminal the kernel's INT is nobody else's") {
    Setting on(false);
    CHECK(on({SIGINT}, TERMINAL) == "stop:SIGINT ");
    CHECK(on.table.EndedBy() == 0);
}

TEST_CASE("signals that a program may use are relayed once each") {
    Setting on;
    for (const int signo : {SIGUSR1, SIGUSR2, SIGALRM, SIGSTKFLT, SIGURG, SIGVTALRM, SIGPROF, SIGIO,
                            SIGPWR, SIGWINCH, SIGRTMIN, SIGRTMIN + 3, SIGRTMAX}) {
        CAPTURE(signo);
        CHECK(on({signo}) == "relay:" + sys::SignalName(signo) + " ");
    }
    CHECK(on({SIGUSR1, SIGUSR2}) == "relay:SIGUSR1 relay:SIGUSR2 ");
}

TEST_CASE("WINCH from the terminal has reached the workers") {
    Setting on(true);
    CHECK(on({SIGWINCH}, TERMINAL).empty());
    CHECK(on({SIGWINCH}) == "relay:SIGWINCH ");
}

TEST_CASE("HUP: relayed to a serving cluster by a process, else a stop") {
    Setting serving(false, true);
    CHECK(serving({SIGHUP}) == "relay:SIGHUP ");
    Setting jobs(false, false);
    CHECK(jobs({SIGHUP}) == "stop:SIGHUP ");
    Setting terminal(true, true);
    CHECK(terminal({SIGHUP}, TERMINAL) == "stop:SIGHUP ");
    CHECK(terminal.table.EndedBy() == 0);
    // A shell that exits sends it as a process; the terminal is gone a moment later.
    Setting shell(true, true);
    CHECK(shell({SIGHUP}) == "");
    shell.clock.Skip(std::chrono::seconds(-1));
    shell.loop.Turn(loop::Loop::Wait::NO);
    CHECK(shell.commands.log == (sys::HasTerminal() ? "relay:SIGHUP " : "stop:SIGHUP "));
}

TEST_CASE("TSTP: the workers are stopped first, then the launcher; CONT goes on") {
    Setting on(true);
    if (getpid() != 1)
        CHECK(on({SIGTSTP}, TERMINAL) == "relay:SIGSTOP self:SIGSTOP");
    CHECK(on({SIGCONT}) == "relay:SIGCONT ");
}

TEST_CASE("TTIN and TTOU are job control from the terminal, and nothing yet from a process") {
    Setting on(true);
    for (const int signo : {SIGTTIN, SIGTTOU}) {
        if (getpid() != 1)
            CHECK(on({signo}, TERMINAL) == "relay:SIGSTOP self:SIGSTOP");
        CHECK(on({signo}).empty());
    }
}

TEST_CASE("PIPE and XFSZ come from the launcher's own writing") {
    Setting on;
    CHECK(on({SIGPIPE, SIGXFSZ}).empty());
}

TEST_CASE(
    "deaths come last, and once: who dies of a signal that asked for a stop has not crashed") {
    Setting on;
    CHECK(on({SIGCHLD}) == "reap ");
    CHECK(on({SIGCHLD, SIGTERM}) == "stop:SIGTERM reap ");
    CHECK(on({SIGINT, SIGCHLD, SIGUSR1, SIGCHLD}) == "stop:SIGINT relay:SIGUSR1 reap ");
    CHECK(on({}).empty());
}

TEST_CASE("what the launcher takes in") {
    // nohup(1) or a script's `&` may have started this program.
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT})
        (void)std::signal(signo, SIG_DFL);
    struct sigaction ignore = {}, usr2 = {}, chld = {};
    ignore.sa_handler = SIG_IGN; // NOLINT(performance-no-int-to-ptr)
    sigaction(SIGUSR2, &ignore, &usr2);
    sigaction(SIGCHLD, &ignore, &chld);
    const sigset_t set = SignalTable::Signals();
    struct sigaction child = {};
    sigaction(SIGCHLD, nullptr, &child);
    sigaction(SIGUSR2, &usr2, nullptr);
    sigaction(SIGCHLD, &chld, nullptr);

    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGCHLD, SIGCONT, SIGTSTP,
                            SIGPIPE, SIGXFSZ, SIGRTMIN, SIGRTMAX})
        CHECK_MESSAGE(sigismember(&set, signo) == 1, sys::SignalName(signo));
    // What says that the launcher itself is broken keeps its effect, and an ignored one stays
    // ignored.
    for (const int signo : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGXCPU,
                            SIGKILL, SIGSTOP, SIGUSR2})
        CHECK_MESSAGE(sigismember(&set, signo) == 0, sys::SignalName(signo));
    CHECK((child.sa_handler == SIG_DFL)); // ignored, the kernel would reap the workers itself
}
