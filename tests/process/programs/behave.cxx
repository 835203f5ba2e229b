// A worker that does one thing:
//
// behave exit-with N [FILE] exits with N; with FILE, not before that exists
// behave die-by-signal N dies of that signal
// behave pause waits for a signal that ends it
// behave ignore-term ignores every signal that can be ignored, for ever
// behave signal-log "start ignored=… blocked=…", then "got N" for each signal; after the
// first of TERM, INT, QUIT it looks for more for 300 ms and exits with 0
// behave handle N… has a handler for each of these signals, and for no other: "got N" for each;
// ends with 0 half a second after the first that is neither USR1 nor USR2
// behave print-fds "fd N flags=F TARGET" for each open descriptor, then "end"
// behave print-ids uid, gid, supplementary groups, directory
// behave daemonize COMMAND… a child with a session of its own, whose parent has ended, runs
// COMMAND; prints "child PID" when it does; then waits
// behave daemonize-exit COMMAND… the same, then exits with 0
// behave orphans N N processes that end without a parent, prints "orphans gone"; then waits
// behave lines N N numbered lines to standard output, a tenth of that to standard error, in writes
// that end anywhere in a line
// behave fork-wait COMMAND… as a shell does: runs COMMAND as a child and waits for it

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

void Say(const std::string &line) {
    const std::string text = line + "\n";
    (void)!write(STDOUT_FILENO, text.data(), text.size());
}

std::string Slot() {
    const char *slot = std::getenv("CLUSTERIZE_SLOT");
    return slot != nullptr ? slot : "?";
}

[[noreturn]] void Pause() {
    for (;;)
        pause();
}

[[noreturn]] void DieBySignal(int signo) {
    const rlimit none{0, 0}; // no core file
    setrlimit(RLIMIT_CORE, &none);
    signal(signo, SIG_DFL);
    raise(signo);
    _exit(91);
}

[[noreturn]] void ExitWith(int code, const char *file) {
    while (file != nullptr && access(file, F_OK) != 0) {
        const timespec pause{0, 5'000'000};
        nanosleep(&pause, nullptr);
    }
    _exit(code);
}

[[noreturn]] void IgnoreTerm() {
    for (int signo = 1; signo <= SIGRTMAX; ++signo) {
        if (signo != SIGCHLD)
            (void)signal(signo, SIG_IGN);
    }
    Say("ignoring slot=" + Slot() + " pid=" + std::to_string(getpid()));
    Pause();
}

std::string StatusLine(const char *name) {
    FILE *file = std::fopen("/proc/self/status", "re");
    char line[256];
    std::string value = "?";
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
        if (std::strncmp(line, name, std::strlen(name)) == 0) {
            value = line + std::strlen(name);
            value = value.substr(value.find_first_not_of(" \t"));
            value.erase(value.find('\n'));
        }
    }
    if (file != nullptr)
        std::fclose(file);
    return value;
}

[[noreturn]] void SignalLog() {
    const std::string ignored = StatusLine("SigIgn:");
    const std::string blocked = StatusLine("SigBlk:");
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    Say("start slot=" + Slot() + " pid=" + std::to_string(getpid()) + " ignored=" + ignored +
        " blocked=" + blocked);
    const timespec linger{0, 300'000'000};
    bool ending = false;
    for (;;) {
        const int signo =
            ending ? sigtimedwait(&all, nullptr, &linger) : sigwaitinfo(&all, nullptr);
        if (signo < 0 && ending)
            _exit(0);
        if (signo < 0)
            continue;
        Say("got " + std::to_string(signo) + " slot=" + Slot());
        ending = ending || signo == SIGTERM || signo == SIGINT || signo == SIGQUIT;
    }
}

int handled[2]; // a pipe with the numbers

[[noreturn]] void Handle(char *const *numbers) {
    if (pipe2(handled, O_CLOEXEC) != 0)
        _exit(91);
    for (; *numbers != nullptr; ++numbers)
        (void)signal(std::atoi(*numbers), [](int signo) { (void)!write(handled[1], &signo, 4); });
    Say("handling slot=" + Slot() + " pid=" + std::to_string(getpid()));
    pollfd next{handled[0], POLLIN, 0};
    for (bool ending = false;;) {
        const int ready = poll(&next, 1, ending ? 500 : -1);
        if (ready == 0)
            break;
        int signo = 0;
        if (ready < 0 || read(handled[0], &signo, 4) != 4)
            continue;
        Say("got " + std::to_string(signo) + " slot=" + Slot());
        ending = ending || (signo != SIGUSR1 && signo != SIGUSR2);
    }
    _exit(0);
}

void PrintFds() {
    DIR *dir = opendir("/proc/self/fd");
    while (const dirent *entry = readdir(dir)) {
        const int fd = std::atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd == dirfd(dir))
            continue;
        char target[512];
        const auto length = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        Say("fd " + std::to_string(fd) + " flags=" + std::to_string(fcntl(fd, F_GETFD)) + " " +
            target);
    }
    closedir(dir);
    Say("end");
}

void PrintIds() {
    uid_t ruid = 0, euid = 0, suid = 0;
    gid_t rgid = 0, egid = 0, sgid = 0;
    getresuid(&ruid, &euid, &suid);
    getresgid(&rgid, &egid, &sgid);
    std::vector<gid_t> groups(1024);
    const int count = getgroups(static_cast<int>(groups.size()), groups.data());
    char directory[1024];
    std::string line = "uid=" + std::to_string(ruid) + "," + std::to_string(euid) + "," +
                       std::to_string(suid) + " gid=" + std::to_string(rgid) + "," +
                       std::to_string(egid) + "," + std::to_string(sgid) + " groups=";
    for (int i = 0; i < count; ++i)
        line += (i > 0 ? "," : "") + std::to_string(groups[static_cast<size_t>(i)]);
    line += " directory=";
    line += getcwd(directory, sizeof directory) != nullptr ? directory : "?";
    Say(line);
}

void Daemonize(char **command) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        _exit(92);
    const pid_t first = fork();
    if (first == 0) {
        setsid();
        const pid_t second = fork();
        if (second != 0)
            _exit(0);
        Say("child " + std::to_string(getpid()));
        execvp(command[0], command);
        _exit(93);
    }
    close(ready[1]);
    char byte = 0;
    (void)!read(ready[0], &byte, 1); // its end: the child has executed the command
    waitpid(first, nullptr, 0);
}

void MakeOrphans(int count) {
    int alive[2];
    if (pipe2(alive, O_CLOEXEC) != 0)
        _exit(92);
    for (int i = 0; i < count; ++i) {
        const pid_t first = fork();
        if (first == 0) {
            const pid_t middle = getpid();
            if (fork() == 0) {
                while (getppid() == middle)
                    sched_yield();
                _exit(i % 7);
            }
            _exit(0);
        }
        waitpid(first, nullptr, 0);
    }
    close(alive[1]);
    char byte = 0;
    (void)!read(alive[0], &byte, 1); // its end: all have ended
    Say("orphans gone");
}

void WriteAll(int fd, std::string &text) {
    const size_t piece = 7919;
    for (size_t done = 0; done < text.size();) {
        const auto n = write(fd, text.data() + done, std::min(piece, text.size() - done));
        if (n <= 0)
            _exit(95);
        done += static_cast<size_t>(n);
    }
    text.clear();
}

void WriteLines(long count) {
    std::string out, err;
    for (long i = 1; i <= count; ++i) {
        const std::string line = " slot=" + Slot() + " n=" + std::to_string(i);
        out += "out" + line + " " + std::string(static_cast<size_t>(i % 61), 'x') + "\n";
        if (i % 10 == 0)
            err += "err" + line + "\n";
        if (i % 2000 == 0 || i == count) {
            WriteAll(STDOUT_FILENO, out);
            WriteAll(STDERR_FILENO, err);
        }
    }
}

[[noreturn]] void ForkWait(char **command) {
    const pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(93);
    }
    int status = 0;
    waitpid(child, &status, 0);
    Say("child ended");
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

} // namespace

int main(int argc, char **argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    const char *value = argc > 2 ? argv[2] : nullptr;
    if (mode == "exit-with" && value != nullptr)
        ExitWith(std::atoi(value), argc > 3 ? argv[3] : nullptr);
    if (mode == "die-by-signal" && value != nullptr)
        DieBySignal(std::atoi(value));
    if (mode == "ignore-term")
        IgnoreTerm();
    if (mode == "signal-log")
        SignalLog();
    if (mode == "handle" && value != nullptr)
        Handle(argv + 2);
    if (mode == "fork-wait" && value != nullptr)
        ForkWait(argv + 2);
    if (mode == "lines" && value != nullptr) {
        WriteLines(std::atol(value));
        return 0;
    }
    if (mode == "print-fds") {
        PrintFds();
        return 0;
    }
    if (mode == "print-ids") {
        PrintIds();
        return 0;
    }
    if ((mode == "daemonize" || mode == "daemonize-exit") && value != nullptr) {
        Daemonize(argv + 2);
        if (mode == "daemonize-exit")
            return 0;
        Pause();
    }
    if (mode == "orphans" && value != nullptr) {
        MakeOrphans(std::atoi(value));
        Pause();
    }
    if (mode == "pause") {
        Say("pausing slot=" + Slot() + " pid=" + std::to_string(getpid()));
        Pause();
    }
    std::fprintf(stderr, "behave: what is \"%s\"?\n", mode.c_str());
    return 94;
}
