#include "spawn/CloneLauncher.hxx"
#include "harness/TempDir.hxx"
#include "spawn/CommandSearch.hxx"
#include "sys/CpuSet.hxx"
#include "sys/Proc.hxx"
#include "unit/Pipe.hxx"
#include "unit/spawn/Launch.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace spawn;

namespace {

constexpr uid_t NOBODY = 65534;

rlimit DescriptorLimit() {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
}

LaunchSpec Command(std::vector<std::string> argv) {
    LaunchSpec spec;
    spec.argv = std::move(argv);
    spec.env.Set("PATH", "/usr/bin:/bin");
    spec.paths = CommandPaths(spec.argv[0], "/usr/bin:/bin");
    spec.descriptor_limit = DescriptorLimit();
    return spec;
}

LaunchSpec Shell(const std::string &script) {
    return Command({"sh", "-c", script});
}

/** What the worker says, and how it ends. */
struct Result {
    std::string output;
    int status = -1;
    pid_t pid = 0;
};

/** Starts it with a pipe as standard output and waits for its end. */
Result Run(LaunchSpec spec) {
    CloneLauncher launcher;
    unit::Pipe pipe;
    spec.fds.Put(pipe.writer, STDOUT_FILENO);
    const auto result = unit::LaunchAndWait(launcher, spec);
    const auto *launched = std::get_if<unit::Executed>(&result);
    REQUIRE_MESSAGE(launched != nullptr, Describe(std::get<LaunchFailure>(result), spec));
    Result outcome;
    outcome.pid = launched->pid;
    outcome.output = pipe.ReadToEnd();
    REQUIRE(waitpid(launched->pid, &outcome.status, 0) == launched->pid);
    return outcome;
}

/** Starts it, expecting a failure; there is no process of it afterwards. */
LaunchFailure Fail(LaunchSpec spec) {
    CloneLauncher launcher;
    const auto result = unit::LaunchAndWait(launcher, spec);
    if (const auto *launched = std::get_if<unit::Executed>(&result))
        waitpid(launched->pid, nullptr, 0);
    REQUIRE(std::holds_alternative<LaunchFailure>(result));
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
    return std::get<LaunchFailure>(result);
}

#define CHECK_FAILURE(failure, expected_stage, expected_error)                                     \
    do {                                                                                           \
        const LaunchFailure seen = failure;                                                        \
        CHECK(seen.stage == (expected_stage));                                                     \
        CHECK(seen.error == (expected_error));                                                     \
    } while (false)

} // namespace

TEST_CASE("exec: arguments and environment arrive, the status comes back") {
    LaunchSpec spec = Shell("echo \"$0 $1 $A\"; exit 7");
    spec.argv.insert(spec.argv.end(), {"zero", "one two"});
    spec.env.Set("A", "from outside");
    const Result result = Run(spec);
    CHECK(result.output == "zero one two from outside\n");
    CHECK((WIFEXITED(result.status) && WEXITSTATUS(result.status) == 7));
}

TEST_CASE("the environment is the given one and nothing else") {
    LaunchSpec spec = Command({"env"});
    spec.env = Environment();
    spec.env.Set("ONLY", "this");
    CHECK(Run(spec).output == "ONLY=this\n");
}

TEST_CASE("the pid in the environment is the worker's own") {
    LaunchSpec spec = Command({"env"});
    spec.env = Environment();
    spec.env.SetPid("LISTEN_PID");
    const Result result = Run(spec);
    CHECK(result.output == "LISTEN_PID=" + std::to_string(result.pid) + "\n");
}

TEST_CASE("the pidfd's inode number, or no variable where the kernel has none") {
    LaunchSpec spec = Command({"env"});
    spec.env = Environment();
    spec.env.SetPid("P");
    spec.env.SetPidfdId("I");
    const Result result = Run(spec);
    const std::string pid = "P=" + std::to_string(result.pid) + "\n";
    REQUIRE(result.output.starts_with(pid));
    const std::string rest = result.output.substr(pid.size());
    if (!rest.empty()) {
        REQUIRE(rest.starts_with("I="));
        CHECK(rest.find_first_not_of("0123456789", 2) == rest.size() - 1);
        CHECK(rest.size() > 3);
    }
}

TEST_CASE("a failure of exec comes with its errno and leaves no zombie") {
    CHECK_FAILURE(Fail(Command({"no-such-command-anywhere"})), ExecStage::EXEC, ENOENT);
    CHECK_FAILURE(Fail(Command({"/nonexistent/x"})), ExecStage::EXEC, ENOENT);
    CHECK_FAILURE(Fail(Command({"/etc/passwd"})), ExecStage::EXEC, EACCES);
    CHECK_FAILURE(Fail(Command({"/etc"})), ExecStage::EXEC, EACCES);
    const harness::TempDir directory;
    CHECK_FAILURE(Fail(Command({directory.Write("elf", "\177ELF and no more\n", 0755)})),
                  ExecStage::EXEC, ENOEXEC);
    CHECK_FAILURE(Fail(Command({directory.Write("script", "#!/nonexistent/sh\n", 0755)})),
                  ExecStage::EXEC, ENOENT);
}

TEST_CASE("a script without #! is run by the shell, as execvp(3) does it") {
    const harness::TempDir directory;
    CHECK(Run(Command({directory.Write("script", "echo \"$0 $1 $2\"\n", 0755), "one", "two"}))
              .output == directory / "script" + " one two\n");
}

TEST_CASE("a directory of PATH that may not be searched is remembered, a later one still tried") {
    const harness::TempDir directory;
    directory.Write("not-executable", "#!/bin/sh\n", 0644);
    LaunchSpec spec = Command({"not-executable"});
    spec.paths = {"/nonexistent/not-executable", directory / "not-executable",
                  "/bin/not-executable"};
    CHECK_FAILURE(Fail(spec), ExecStage::EXEC, EACCES);
    spec.argv = {"true"};
    spec.paths = {directory / "not-executable", "/etc/passwd/true", "/bin/true"};
    CHECK(Run(spec).status == 0);
}

TEST_CASE("an empty list of paths is not found") {
    LaunchSpec spec = Command({"x"});
    spec.paths.clear();
    CHECK_FAILURE(Fail(spec), ExecStage::EXEC, ENOENT);
}

TEST_CASE("the directory") {
    LaunchSpec spec = Command({"pwd"});
    spec.directory = "/usr";
    CHECK(Run(spec).output == "/usr\n");
    spec.directory = "/nonexistent";
    CHECK_FAILURE(Fail(spec), ExecStage::DIRECTORY, ENOENT);
    spec.directory = "/etc/passwd";
    CHECK_FAILURE(Fail(spec), ExecStage::DIRECTORY, ENOTDIR);
}

TEST_CASE("a relative command counts from the worker's directory") {
    const harness::TempDir directory;
    directory.Write("here", "#!/bin/sh\necho found\n", 0755);
    LaunchSpec spec = Command({"./here"});
    spec.directory = directory.Path();
    CHECK(Run(spec).output == "found\n");
}

TEST_CASE("a CPU that there is not") {
    LaunchSpec spec = Command({"true"});
    spec.cpus = {8191};
    CHECK_FAILURE(Fail(spec), ExecStage::AFFINITY, EINVAL);
}

TEST_CASE("pinned to one CPU") {
    const unsigned cpu = sys::AllowedCpus().back();
    LaunchSpec spec = Shell("grep Cpus_allowed_list /proc/self/status");
    spec.cpus = {cpu};
    CHECK(Run(spec).output == "Cpus_allowed_list:\t" + std::to_string(cpu) + "\n");
}

TEST_CASE("a descriptor that is not open") {
    LaunchSpec spec = Command({"true"});
    int closed = 500;
    REQUIRE_FALSE(unit::IsOpen(closed));
    spec.fds = {{closed, 3}};
    CHECK_FAILURE(Fail(spec), ExecStage::DESCRIPTORS, EBADF);
    spec.fds = {{3, 3}, {closed, closed}};
    CHECK_FAILURE(Fail(spec), ExecStage::DESCRIPTORS, EBADF);
}

TEST_CASE("the limit of descriptors in the middle of a start") {
    unit::Pipe pipe;
    const rlimit before = DescriptorLimit();
    LaunchSpec spec = Command({"true"});
    // The source has to be moved out of the way, and no number is left for it.
    spec.fds = {{pipe.reader.Get(), 9}, {pipe.writer.Get(), pipe.reader.Get()}};
    const rlimit low = {10, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
    const LaunchFailure failure = Fail(spec);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(failure.stage == ExecStage::DESCRIPTORS);
    CHECK((failure.error == EMFILE || failure.error == EINVAL));
}

TEST_CASE("a limit above the hard one") {
    LaunchSpec spec = Command({"true"});
    spec.descriptor_limit = {20, 10};
    CHECK_FAILURE(Fail(spec), ExecStage::LIMITS, EINVAL);
}

TEST_CASE("the limit of descriptors is the given one") {
    LaunchSpec spec = Shell("ulimit -Sn; ulimit -Hn");
    spec.descriptor_limit.rlim_cur = 77;
    const std::string hard = spec.descriptor_limit.rlim_max == RLIM_INFINITY
                                 ? "unlimited"
                                 : std::to_string(spec.descriptor_limit.rlim_max);
    CHECK(Run(spec).output == "77\n" + hard + "\n");
    CHECK(DescriptorLimit().rlim_cur != 77); // the launcher's own stays
}

TEST_CASE("another user, as root or not") {
    LaunchSpec spec = Shell("id -u; id -g; id -G");
    spec.ids.uid = 34567; // not NOBODY, who may be running this
    spec.ids.gid = 12345;
    spec.ids.groups = std::vector<gid_t>{12345, 23456};
    if (getuid() == 0) {
        CHECK(Run(spec).output == "34567\n12345\n12345 23456\n");
        CHECK(getuid() == 0);
    } else {
        CHECK_FAILURE(Fail(spec), ExecStage::GROUPS, EPERM);
        spec.ids.groups.reset();
        CHECK_FAILURE(Fail(spec), ExecStage::GID, EPERM);
        spec.ids.gid.reset();
        CHECK_FAILURE(Fail(spec), ExecStage::UID, EPERM);
    }
}

TEST_CASE("without rights each id is refused in its own stage") {
    if (getuid() != 0)
        return; // the case before has shown it
    const pid_t pid = fork();
    if (pid == 0) { // an unprivileged launcher
        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(10);
        CloneLauncher launcher;
        const auto stage_of = [&launcher](const Ids &ids) {
            LaunchSpec spec = Command({"true"});
            spec.ids = ids;
            const auto result = unit::LaunchAndWait(launcher, spec);
            const auto *failure = std::get_if<LaunchFailure>(&result);
            return failure != nullptr && failure->error == EPERM ? static_cast<int>(failure->stage)
                                                                 : -1;
        };
        const bool right =
            stage_of({0U, 0U, std::vector<gid_t>{0}}) == static_cast<int>(ExecStage::GROUPS) &&
            stage_of({0U, 0U, std::nullopt}) == static_cast<int>(ExecStage::GID) &&
            stage_of({0U, std::nullopt, std::nullopt}) == static_cast<int>(ExecStage::UID) &&
            waitpid(-1, nullptr, WNOHANG) == -1;
        _exit(right ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK(status == 0);
}

TEST_CASE("descriptor moves that cross") {
    const harness::TempDir directory;
    const auto open_file = [&directory](const char *text) {
        return sys::UniqueFd(sys::AdoptTag(),
                             open(directory.Write(text, text).c_str(), O_RDONLY | O_CLOEXEC));
    };
    // Sources at 3, 4, 5 … as a launcher has them; each goes where another comes from.
    const sys::UniqueFd a = open_file("a"), b = open_file("b"), c = open_file("c");
    LaunchSpec spec = Shell("for i in " + std::to_string(a.Get()) + " " + std::to_string(b.Get()) +
                            " " + std::to_string(c.Get()) + "; do cat <&$i; done");
    spec.fds = {{a.Get(), b.Get()}, {b.Get(), c.Get()}, {c.Get(), a.Get()}};
    CHECK(Run(spec).output == "cab");

    const sys::UniqueFd d = open_file("d"), e = open_file("e");
    spec = Shell("cat <&" + std::to_string(d.Get()) + "; cat <&" + std::to_string(e.Get()));
    spec.fds = {{d.Get(), e.Get()}, {e.Get(), d.Get()}};
    CHECK(Run(spec).output == "ed");
}

TEST_CASE("one source for several targets, and one that stays where it is") {
    const harness::TempDir directory;
    const std::string path = directory.Write("file", "text");
    const sys::UniqueFd file(sys::AdoptTag(), open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string self = std::to_string(file.Get());
    LaunchSpec spec =
        Shell("readlink /proc/self/fd/" + self + " /proc/self/fd/20 /proc/self/fd/21");
    spec.fds = {{file.Get(), 20}, {file.Get(), file.Get()}, {file.Get(), 21}};
    CHECK(Run(spec).output == path + "\n" + path + "\n" + path + "\n");
    CHECK((fcntl(file.Get(), F_GETFD) & FD_CLOEXEC) != 0); // here it is still closed on exec
}

TEST_CASE("what was opened close-on-exec does not reach the worker, what was inherited does") {
    const sys::UniqueFd ours(sys::AdoptTag(), open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    const sys::UniqueFd inherited(sys::AdoptTag(),
                                  open("/etc/group", O_RDONLY)); // NOLINT: the case itself
    LaunchSpec spec = Shell("readlink /proc/self/fd/*");
    const std::string output = Run(spec).output;
    CHECK(output.find("/etc/passwd") == std::string::npos);
    CHECK(output.find("/etc/group") != std::string::npos);
}

TEST_CASE("the worker has the descriptors that it was given, from 3 on, and no other") {
    const unit::Pipe pipe;
    LaunchSpec spec = Shell("i=3; while [ $i -lt 300 ]; do if [ -e /proc/self/fd/$i ]; then echo "
                            "$i; fi; i=$((i+1)); done");
    spec.fds = {{pipe.reader.Get(), 3}, {pipe.writer.Get(), 4}};
    std::string expected = "3\n4\n";
    for (int fd = 5; fd < 300; fd++) // what whoever runs this test has left open
        if (const int flags = fcntl(fd, F_GETFD); flags >= 0 && (flags & FD_CLOEXEC) == 0)
            expected += std::to_string(fd) + "\n";
    CHECK(Run(spec).output == expected);
}

TEST_CASE("nothing is blocked in the worker, whatever the launcher blocks") {
    sigset_t before, all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const std::string output = Run(Shell("grep SigBlk /proc/self/status")).output;
    sigset_t after;
    sigprocmask(SIG_SETMASK, &before, &after);
    CHECK(output == "SigBlk:\t0000000000000000\n");
    CHECK(sigismember(&after, SIGTERM) == 1); // the launcher's own mask stays
}

TEST_CASE("the stop signal is not ignored in the worker, another that came ignored stays so") {
    struct sigaction ignore = {}, quit = {}, interrupt = {};
    ignore.sa_handler = SIG_IGN; // NOLINT(performance-no-int-to-ptr)
    sigaction(SIGQUIT, &ignore, &quit);
    sigaction(SIGINT, &ignore, &interrupt);
    LaunchSpec spec = Command({"grep", "SigIgn", "/proc/self/status"});
    spec.stop_signal = SIGQUIT;
    const std::string output = Run(spec).output;
    spec.stop_signal = 0;
    const std::string untouched = Run(spec).output;
    sigaction(SIGQUIT, &quit, nullptr);
    sigaction(SIGINT, &interrupt, nullptr);
    const auto ignored = [](const std::string &line, int signo) {
        REQUIRE(line.starts_with("SigIgn:\t"));
        return (std::stoull(line.substr(8), nullptr, 16) >> (signo - 1) & 1) != 0;
    };
    CHECK_FALSE(ignored(output, SIGQUIT));
    CHECK(ignored(output, SIGINT));
    CHECK(ignored(untouched, SIGQUIT));
}

TEST_CASE("its own process group, or the launcher's") {
    // Field 5 of stat is the group; the shell's name has no blank in it.
    LaunchSpec spec = Command({"cut", "-d ", "-f5", "/proc/self/stat"});
    CHECK(Run(spec).output == std::to_string(getpgrp()) + "\n");
    spec.own_group = true;
    const Result result = Run(spec);
    CHECK(result.output == std::to_string(result.pid) + "\n");
}

TEST_CASE("the worker gets TERM when the launcher dies, also under another user") {
    unit::Pipe alive, told;
    const pid_t launcher_pid = fork();
    if (launcher_pid == 0) {
        CloneLauncher launcher;
        LaunchSpec spec =
            Shell("trap 'exit 0' TERM; echo up; while :; do sleep 60 & wait $!; done");
        spec.paths = {"/bin/sh"};
        spec.fds = {{alive.writer.Get(), STDOUT_FILENO}};
        if (getuid() == 0)
            spec.ids.uid = NOBODY;
        const auto result = unit::LaunchAndWait(launcher, spec);
        alive.writer.Close();
        if (!std::holds_alternative<unit::Executed>(result))
            _exit(1);
        char byte = 0;
        if (read(alive.reader.Get(), &byte, 1) != 1) // the trap is set
            _exit(1);
        const pid_t worker = std::get<unit::Executed>(result).pid;
        if (write(told.writer.Get(), &worker, sizeof(worker)) != sizeof(worker))
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    pid_t worker = 0;
    REQUIRE(read(told.reader.Get(), &worker, sizeof(worker)) == sizeof(worker));
    // This test is a subreaper (CloneLauncher has made it one): the worker becomes its child.
    int status = -1;
    REQUIRE(waitpid(launcher_pid, &status, 0) == launcher_pid);
    REQUIRE(waitpid(worker, &status, 0) == worker);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    // The sleep of the shell is ours now, too.
    for (const pid_t left : sys::ChildrenOf(getpid())) {
        kill(left, SIGKILL);
        waitpid(left, nullptr, 0);
    }
}

TEST_CASE("the launcher is a subreaper") {
    const CloneLauncher launcher;
    int value = 0;
    REQUIRE(prctl(PR_GET_CHILD_SUBREAPER, &value) == 0);
    CHECK(value == 1);
}
