#include "harness/Child.hxx"

#include "harness/DockerProfile.hxx"
#include "harness/Errno.hxx"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace harness {

namespace {

std::vector<char *> Pointers(const std::vector<std::string> &texts) {
    std::vector<char *> pointers;
    for (const auto &text : texts)
        pointers.push_back(const_cast<char *>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

void SetSignals(const Start &start) {
    for (int signo = 1; signo <= SIGRTMAX; ++signo) {
        if (signo != SIGKILL && signo != SIGSTOP)
            (void)::signal(signo, SIG_DFL); // fails for the two that glibc keeps
    }
    for (const int signo : start.ignored)
        (void)::signal(signo, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    for (const int signo : start.blocked)
        sigaddset(&mask, signo);
    Check(sigprocmask(SIG_SETMASK, &mask, nullptr), "sigprocmask");
}

void RaiseLoopback() {
    const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    Check(fd.Get(), "socket");
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    Check(ioctl(fd.Get(), SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
}

void DropPrivileges(unsigned id) {
    for (unsigned long capability = 0; capability < 64; ++capability) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            break; // past the last one
    }
    Check(setgroups(0, nullptr), "setgroups");
    Check(setresgid(id, id, id), "setresgid");
    Check(setresuid(id, id, id), "setresuid");
    Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
}

/** For what returns 0 or an errno. */
void CheckError(int error, const char *what) {
    errno = error;
    Check(error == 0 ? 0 : -1, what);
}

void MoveDescriptors(const std::vector<GivenFd> &moves) {
    Check(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    std::vector<GivenFd> safe;
    for (const auto &[from, number] : moves) {
        const int copy = fcntl(from, F_DUPFD_CLOEXEC, 500);
        Check(copy, "F_DUPFD_CLOEXEC");
        safe.push_back({copy, number});
    }
    for (const auto &[copy, number] : safe)
        Check(dup2(copy, number), "dup2");
}

void BecomeProgram(const ChildSetup &setup) {
    const Start &start = setup.start;
    SetSignals(start);
    Check(setsid(), "setsid");
    int input = setup.input;
    if (start.terminal) {
        input = open(setup.slave.c_str(), O_RDWR | O_CLOEXEC);
        Check(input, "the terminal");
        Check(ioctl(input, TIOCSCTTY, 0), "TIOCSCTTY");
    }
    // What is given may come from any number, so it is moved out of the way first.
    std::vector<GivenFd> moves = start.fds;
    moves.push_back({input, 0});
    moves.push_back({setup.out, 1});
    moves.push_back({setup.err, 2});
    MoveDescriptors(moves);
    if (start.pid_namespace) {
        Check(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
        Check(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "/proc");
    }
    if (start.net_namespace) {
        Check(unshare(CLONE_NEWNET), "CLONE_NEWNET");
        RaiseLoopback();
    }
    if (start.prepare)
        start.prepare();
    if (!start.cwd.empty())
        Check(chdir(start.cwd.c_str()), "chdir");
    // As container runtimes do: the filter first, which spares no_new_privs, then the capabilities.
    if (start.docker_profile)
        CheckError(InstallDockerProfile(), "the filter of Docker's profile");
    if (start.docker_capabilities && IsRoot())
        CheckError(KeepDockerCapabilities(), "Docker's capabilities");
    if (start.nobody && IsRoot())
        DropPrivileges(start.nobody_id);
    auto argv = Pointers(start.argv);
    auto env = Pointers(setup.env);
    for (const auto &limit : start.limits) {
        const rlimit value{limit.soft, limit.hard};
        Check(setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value), "setrlimit");
    }
    execvpe(argv[0], argv.data(), env.data());
    ThrowErrno(start.argv[0]);
}

} // namespace

void RunChild(const ChildSetup &setup) noexcept {
    // The failure pipe keeps away from numbers that are given to the program.
    const int failure = fcntl(setup.failure, F_DUPFD_CLOEXEC, 600);
    std::string message;
    try {
        BecomeProgram(setup);
    } catch (const std::exception &e) {
        message = e.what();
    }
    (void)!write(failure, message.data(), message.size());
    _exit(99);
}

} // namespace harness
