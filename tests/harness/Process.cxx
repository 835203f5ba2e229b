#include "harness/Process.hxx"

#include "harness/Census.hxx"
#include "harness/Child.hxx"
#include "harness/Errno.hxx"
#include "harness/TempDir.hxx"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <ostream>
#include <poll.h>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char **environ;

namespace harness {

namespace {

constexpr const char *MARK = "HARNESS_MARK";

/** Processes that an object of this test program waits for; everything else is an orphan. */
std::set<pid_t> &Owned() {
    static std::set<pid_t> owned;
    return owned;
}

void ReapOrphans() {
    for (const pid_t pid : Children(getpid())) {
        if (!Owned().contains(pid) && State(pid) == 'Z')
            (void)waitpid(pid, nullptr, WNOHANG);
    }
}

std::string NewMark() {
    static unsigned count = 0;
    std::ostringstream os;
    os << std::hex << getpid() << '-' << ++count << '-' << std::random_device{}();
    return os.str();
}

bool IsOurs(const std::string &name) {
    for (const char *prefix :
         {"CLUSTERIZE", "LISTEN_", "NODE_CHANNEL_", "EINHORN_", "SERVER_STARTER_", "WATCHDOG_"}) {
        if (name.compare(0, std::strlen(prefix), prefix) == 0)
            return true;
    }
    static const std::set<std::string> names{
        "PORT",  "WEB_CONCURRENCY", "NOTIFY_SOCKET",  "NODE_UNIQUE_ID", "NODE_APP_INSTANCE",
        "NGINX", "FPM_SOCKETS",     "PUMA_INHERIT_0", "GUNICORN_FD",    "GUNICORN_PID",
        MARK};
    return names.contains(name);
}

std::vector<std::string> MakeEnvironment(const Start &start, const std::string &mark) {
    std::map<std::string, std::string> variables;
    for (char **entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const auto equals = text.find('=');
        if (equals == std::string::npos || IsOurs(text.substr(0, equals)))
            continue;
        variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
    variables[MARK] = mark;
    for (const auto &[name, value] : start.env) {
        if (value)
            variables[name] = *value;
        else
            variables.erase(name);
    }
    std::vector<std::string> entries;
    for (const auto &[name, value] : variables)
        entries.push_back(name + "=" + value);
    return entries;
}

/** A file in memory, and a descriptor of it that appends. */
struct Capture {
    Fd read, append;

    explicit Capture(const char *name) : read(memfd_create(name, MFD_CLOEXEC)) {
        Check(read.Get(), "memfd_create");
        const std::string path = "/proc/self/fd/" + std::to_string(read.Get());
        append = Fd(open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
        Check(append.Get(), "open of a memfd");
    }

    std::string Text() const {
        std::string text;
        char bytes[65536];
        for (;;) {
            const auto n = pread(read.Get(), bytes, sizeof bytes, static_cast<off_t>(text.size()));
            if (n <= 0)
                return text;
            text.append(bytes, static_cast<size_t>(n));
        }
    }
};

Fd InputOf(const Start &start) {
    if (!start.input) {
        Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
        Check(null.Get(), "/dev/null");
        return null;
    }
    Fd fd(memfd_create("input", MFD_CLOEXEC));
    Check(fd.Get(), "memfd_create");
    Check(write(fd.Get(), start.input->data(), start.input->size()), "write to a memfd");
    Check(lseek(fd.Get(), 0, SEEK_SET), "lseek");
    return fd;
}

Fd OpenTerminal(std::string &slave) {
    Fd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    Check(master.Get(), "posix_openpt");
    Check(grantpt(master.Get()), "grantpt");
    Check(unlockpt(master.Get()), "unlockpt");
    char name[128];
    if (ptsname_r(master.Get(), name, sizeof name) != 0)
        ThrowErrno("ptsname_r");
    slave = name;
    return master;
}

std::string ReadAll(int fd) {
    std::string text;
    char bytes[4096];
    for (;;) {
        const auto n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return text;
        text.append(bytes, static_cast<size_t>(n));
    }
}

} // namespace

std::ostream &operator<<(std::ostream &os, const Ended &ended) {
    if (ended.signal != 0)
        return os << "killed by " << strsignal(ended.signal);
    return os << "status " << ended.code;
}

const std::string &ClusterizePath() {
    static const std::string path = [] {
        const char *value = std::getenv("CLUSTERIZE");
        if (value == nullptr || *value == '\0')
            throw std::runtime_error("CLUSTERIZE does not name the program under test");
        return std::string(value);
    }();
    return path;
}

bool IsRoot() {
    return geteuid() == 0;
}

std::string Reachable(const std::string &program) {
    static std::map<std::string, std::string> copies;
    if (program.find('/') == std::string::npos || !IsRoot())
        return program;
    if (const auto found = copies.find(program); found != copies.end())
        return found->second;
    bool open_to_all = true;
    for (size_t slash = program.find('/', 1);; slash = program.find('/', slash + 1)) {
        struct stat st {};
        if (stat(program.substr(0, slash).c_str(), &st) != 0)
            return program;
        open_to_all = open_to_all && (st.st_mode & S_IXOTH) != 0;
        if (slash == std::string::npos) {
            open_to_all = open_to_all && (st.st_mode & S_IROTH) != 0;
            break;
        }
    }
    if (open_to_all)
        return copies[program] = program;
    static const TempDir directory;
    const std::string copy = directory / program.substr(program.rfind('/') + 1);
    CopyFile(program, copy);
    return copies[program] = copy;
}

struct Process::Impl {
    std::string name, mark;
    pid_t pid = -1;
    Fd pidfd, master;
    Capture out{"out"}, err{"err"};
    std::optional<Ended> ended;
    bool leaves_others = false;

    /** Takes the end of the process if it is there. */
    bool Collect(Duration patience) {
        if (ended)
            return true;
        const auto end = Now() + patience;
        for (;;) {
            const auto left = std::chrono::duration_cast<Duration>(end - Now()).count();
            pollfd poll_fd{pidfd.Get(), POLLIN, 0};
            const int n = poll(&poll_fd, 1, left > 0 ? static_cast<int>(left) : 0);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return false;
            break;
        }
        int status = 0;
        if (waitpid(pid, &status, 0) != pid)
            ThrowErrno("waitpid");
        ended = WIFSIGNALED(status) ? Killed(WTERMSIG(status)) : Exited(WEXITSTATUS(status));
        Owned().erase(pid);
        return true;
    }
};

Process::Process(Start start) : impl(std::make_unique<Impl>()) {
    if (start.argv.empty())
        throw std::invalid_argument("no program");
    if (start.nobody)
        start.argv[0] = Reachable(start.argv[0]);
    impl->name = start.argv[0];
    impl->mark = NewMark();
    impl->leaves_others = start.leaves_others;

    std::string slave;
    if (start.terminal)
        impl->master = OpenTerminal(slave);
    const Fd input = InputOf(start);
    int failure[2];
    Check(pipe2(failure, O_CLOEXEC), "pipe2");
    const Fd failure_read(failure[0]);
    Fd failure_write(failure[1]);

    const ChildSetup setup{start,
                           MakeEnvironment(start, impl->mark),
                           slave,
                           input.Get(),
                           impl->out.append.Get(),
                           impl->err.append.Get(),
                           failure_write.Get()};
    unsigned long flags = SIGCHLD;
    if (start.pid_namespace)
        flags |= CLONE_NEWPID | CLONE_NEWNS;
    // As fork, which has no way to ask for a namespace; arguments differ on s390 only.
    const long pid = syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    Check(pid, "clone");
    if (pid == 0)
        RunChild(setup);

    impl->pid = static_cast<pid_t>(pid);
    Owned().insert(impl->pid);
    impl->pidfd = Fd(static_cast<int>(syscall(SYS_pidfd_open, impl->pid, 0)));
    Check(impl->pidfd.Get(), "pidfd_open");
    failure_write.Close();
    const std::string message = ReadAll(failure_read.Get());
    if (!message.empty()) {
        KillAll();
        throw std::runtime_error("cannot start " + impl->name + ": " + message);
    }
}

Process::~Process() {
    if (!impl)
        return;
    try {
        if (std::uncaught_exceptions() > 0) {
            const std::string text = Process::Describe();
            MESSAGE(text);
        } else if (impl->ended) {
            for (const pid_t pid : Leftovers()) {
                // One without is on its way out: its memory has gone already. So is one that was
                // killed and did not get the processor since.
                const std::string command = CommandLine(pid);
                if (!command.empty() && !IsKilled(pid))
                    FAIL_CHECK("left behind: ", pid, " ", command, "\n", Process::Describe());
            }
        }
    } catch (...) { // nothing more can be said from here
    }
    KillAll();
}

pid_t Process::Pid() const {
    return impl->pid;
}

std::string Process::Out() const {
    return impl->out.Text();
}

std::string Process::Err() const {
    return impl->err.Text();
}

void Process::WaitOut(const std::string &text, Duration patience) const {
    if (!WaitFor([&] { return Out().find(text) != std::string::npos; }, patience))
        throw std::runtime_error("standard output never had \"" + text + "\"\n" + Describe());
}

void Process::WaitErr(const std::string &text, Duration patience) const {
    if (!WaitFor([&] { return Err().find(text) != std::string::npos; }, patience))
        throw std::runtime_error("standard error never had \"" + text + "\"\n" + Describe());
}

void Process::Signal(int signo) const {
    if (syscall(SYS_pidfd_send_signal, impl->pidfd.Get(), signo, nullptr, 0) != 0)
        ThrowErrno("signal " + std::to_string(signo) + " to " + impl->name);
}

void Process::Type(const std::string &text) const {
    if (write(impl->master.Get(), text.data(), text.size()) < 0)
        ThrowErrno("typing");
}

void Process::HangUp() {
    impl->master.Close();
}

bool Process::HasEnded() {
    return impl->Collect(Duration{0});
}

Ended Process::Wait(Duration patience) {
    if (!impl->Collect(patience))
        throw std::runtime_error("did not end in time\n" + Describe());
    return *impl->ended;
}

Ended Process::Stop(Duration patience) {
    Signal(SIGTERM);
    return Wait(patience);
}

std::vector<pid_t> Process::Leftovers() const {
    ReapOrphans();
    if (impl->leaves_others)
        return {};
    std::vector<pid_t> left = Carrying(MARK, impl->mark);
    if (!impl->ended) {
        std::vector<pid_t> family = Descendants(impl->pid);
        family.push_back(impl->pid);
        std::erase_if(left, [&](pid_t pid) {
            return std::find(family.begin(), family.end(), pid) != family.end();
        });
    } else {
        // Those that have cleared their environment came to us as orphans.
        for (const pid_t pid : Children(getpid())) {
            if (Alive(pid) && !Owned().contains(pid) && !Environment(pid).contains(MARK))
                left.push_back(pid);
        }
    }
    return left;
}

void Process::KillAll() noexcept {
    try {
        if (!impl->ended && impl->pid > 0) {
            const auto family = Descendants(impl->pid);
            (void)kill(impl->pid, SIGKILL);
            for (const pid_t pid : family)
                (void)kill(pid, SIGKILL);
            (void)impl->Collect(PATIENCE);
        }
        // What forks meanwhile is found in the next round.
        (void)WaitFor([&] {
            const auto left = Leftovers();
            for (const pid_t pid : left)
                (void)kill(pid, SIGKILL);
            return left.empty();
        });
        ReapOrphans();
    } catch (...) { // called from destructors; what can be killed has been
    }
}

std::string Process::Describe() const {
    std::ostringstream os;
    os << impl->name << " (" << impl->pid << "): ";
    if (impl->ended)
        os << *impl->ended;
    else
        os << "running";
    os << "\n--- standard output\n" << Out() << "\n--- standard error\n" << Err() << "\n---\n";
    return os.str();
}

Result Run(Start start) {
    Process process(std::move(start));
    Result result;
    result.ended = process.Wait();
    result.out = process.Out();
    result.err = process.Err();
    return result;
}

Result RunClusterize(std::vector<std::string> arguments, Start start) {
    arguments.insert(arguments.begin(), ClusterizePath());
    start.argv = std::move(arguments);
    return Run(std::move(start));
}

} // namespace harness
