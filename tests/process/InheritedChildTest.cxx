// Children that are there before clusterize starts, because a shell executed it in its own place:
// they are not ours, neither when a worker ends nor at the end.

#include "Support.hxx"

#include <csignal>
#include <cstdlib>

using namespace process;

namespace {

/** A shell that executes clusterize in its own place; `$0` is clusterize, `$1` a test program. */
Start Shell(const std::string &script, std::vector<std::string> arguments = {}) {
    Start start{.argv = {"bash", "-c", script, ClusterizePath(), Behave()}};
    start.argv.insert(start.argv.end(), arguments.begin(), arguments.end());
    return start;
}

/** The number after the word. */
pid_t NumberAfter(const Process &process, const std::string &word) {
    process.WaitOut(word);
    const std::string out = process.Out();
    return static_cast<pid_t>(std::atoi(out.c_str() + out.find(word) + word.size()));
}

/** Ends a helper that has to be alive. */
void EndHelper(const Process &process, pid_t helper) {
    CHECK(Alive(helper));
    (void)kill(helper, SIGKILL);
    CHECK(WaitFor([&] { return !Alive(helper) && process.Leftovers().empty(); }));
}

// The first worker fails, so its slot is cleared; the third one stays.
constexpr const char *SECOND_RESTARTS =
    " --restart always --ready exec -- /bin/sh -c '[ $CLUSTERIZE_WORKER_ID != 1 ] || exit 3; "
    "echo worker $CLUSTERIZE_WORKER_ID; exec sleep 1000'";

} // namespace

TEST_CASE("exec > >(cat >log); exec clusterize: everything arrives in the log") {
    const TempDir directory;
    for (const char *script : {"exec > >(sleep 0.2; cat >\"$2\"); exec \"$0\" -- echo hello",
                               "exec \"$0\" -- echo hello > >(sleep 0.2; cat >\"$2\")",
                               "\"$0\" -- echo hello > >(sleep 0.2; cat >\"$2\")"}) {
        INFO(script);
        const std::string log = directory.Write("log", "");
        Process shell(Shell(script, {log}));
        CHECK(shell.Wait() == Exited(0));
        CHECK(WaitFor([&] { return ReadFile(log) == "hello\n"; }));
        CHECK(WaitFor([&] { return shell.Leftovers().empty(); }));
    }
}

TEST_CASE("the log that tee writes goes on when a worker ends") {
    const TempDir directory;
    const std::string log = directory.Write("log", "");
    Process shell(Shell(
        "exec > >(exec cat >\"$2\"); exec \"$0\" -n 2" + std::string(SECOND_RESTARTS), {log}));
    CHECK(WaitFor([&] { return Contains(ReadFile(log), "worker 3"); }));
    CHECK(shell.Stop() == Exited(143));
    CHECK(WaitFor([&] { return shell.Leftovers().empty(); }));
}

TEST_CASE("a helper with a session of its own lives on after the cluster, restarts and all") {
    Process shell(Shell("setsid \"$1\" signal-log & echo \"helper $!.\"; exec \"$0\" -n 2" +
                        std::string(SECOND_RESTARTS)));
    const pid_t helper = NumberAfter(shell, "helper ");
    shell.WaitOut("start ");
    shell.WaitOut("worker 3");
    CHECK(shell.Stop() == Exited(143));
    CHECK(!Contains(shell.Out(), "got 15"));
    EndHelper(shell, helper);
}

TEST_CASE("what a helper leaves behind when it ends is the helper's") {
    const TempDir directory;
    Process shell(
        Shell("mkfifo \"$2\"; (\"$1\" signal-log & echo \"helper $!.\"; read line <\"$2\") "
              "& exec \"$0\" -n 2" +
                  std::string(SECOND_RESTARTS),
              {directory / "fifo"}));
    const pid_t helper = NumberAfter(shell, "helper ");
    shell.WaitOut("start ");
    shell.WaitOut("worker 3");
    CHECK(Run({.argv = {"/bin/sh", "-c", "echo go >\"$0\"", directory / "fifo"}}).ended ==
          Exited(0));
    CHECK(WaitFor([&] { return StatusField(helper, "PPid") == std::to_string(shell.Pid()); }));
    CHECK(shell.Stop() == Exited(143));
    CHECK(!Contains(shell.Out(), "got 15"));
    EndHelper(shell, helper);
}

TEST_CASE("a helper that ignores TERM does not hold up the end") {
    Process shell(Shell("\"$1\" ignore-term & echo \"helper $!.\"; exec \"$0\" -- true"));
    const pid_t helper = NumberAfter(shell, "helper ");
    CHECK(shell.Wait() == Exited(0));
    shell.WaitOut("ignoring");
    EndHelper(shell, helper);
}

TEST_CASE("helpers of an entry script that is process 1 live until it ends") {
    if (!IsRoot())
        HARNESS_SKIP("a PID namespace needs root");
    Start start = Shell("\"$1\" signal-log & exec \"$0\" -n 2" + std::string(SECOND_RESTARTS));
    start.pid_namespace = true;
    Process shell(std::move(start));
    shell.WaitOut("start ");
    shell.WaitOut("worker 3");
    CHECK(!Contains(shell.Out(), "got 15"));
    CHECK(shell.Stop() == Exited(143));
    CHECK(!Contains(shell.Out(), "got 15"));
}

TEST_CASE("the launcher is killed in a terminal: a helper in its process group lives on") {
    Start start = Shell("\"$1\" signal-log & echo \"helper $!.\"; sleep 0.3; exec \"$0\" -n 2 -- "
                        "\"$1\" pause");
    start.terminal = true;
    start.ignored = {SIGHUP}; // the end of the session's leader hangs up
    Process shell(std::move(start));
    const pid_t helper = NumberAfter(shell, "helper ");
    shell.WaitOut("start ");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "pausing ") == 2; }));
    REQUIRE(WaitFor([&] {
        for (const pid_t pid : Descendants(shell.Pid()))
            if (StatusField(pid, "Name") == WATCHER)
                return true;
        return false;
    }));
    const std::vector<pid_t> all = Descendants(shell.Pid());
    shell.Signal(SIGKILL);
    CHECK(shell.Wait() == Killed(SIGKILL));
    for (const pid_t pid : all)
        if (pid != helper)
            CHECK(WaitFor([&] { return !Alive(pid); }));
    CHECK(!Contains(shell.Out(), "got 15"));
    EndHelper(shell, helper);
}
