// --pid-file: there before the workers, whole, and gone at the end.

#include "Support.hxx"

#include <csignal>
#include <filesystem>
#include <unistd.h>

using namespace process;

namespace {

size_t FilesIn(const TempDir &directory) {
    size_t count = 0;
    for (const auto &entry : std::filesystem::directory_iterator(directory.Path()))
        count += entry.exists() ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("a worker finds the launcher's number in it, and it is gone at the end") {
    AsEveryone([](bool nobody) {
        const TempDir directory;
        if (nobody && IsRoot())
            directory.GiveTo(NOBODY, NOBODY);
        // Relative to the launcher's directory, not to the workers'.
        Cluster cluster(
            {.options = {"-n", "1", "-p", "127.0.0.1:0", "--pid-file", "pid", "--chdir", "/"},
             .command = {"/bin/sh", "-c",
                         "echo \"found $(cat " + directory / "pid" +
                             ") of $CLUSTERIZE_PID.\"; exec sleep 1000"},
             .start = {.cwd = directory.Path(), .nobody = nobody}});
        const std::string pid = std::to_string(cluster.Pid());
        cluster.WaitOut("found " + pid + " of " + pid + ".");
        CHECK(ReadFile(directory / "pid") == pid + "\n");
        CHECK(FilesIn(directory) == 1);
        CHECK(cluster.Stop() == Exited(143));
        CHECK(FilesIn(directory) == 0);
    });
}

TEST_CASE("whatever the end is: a job, a boot failure, a command that is not there, a Ctrl-C") {
    const TempDir directory;
    const std::string file = directory / "pid";
    CHECK(RunClusterize({"--pid-file", file, "cat", file}).ended == Exited(0));
    CHECK(FilesIn(directory) == 0);
    CHECK(RunClusterize({"--pid-file", file, "-p", "127.0.0.1:0", "sh", "-c", "exit 5"}).ended ==
          Exited(5));
    CHECK(FilesIn(directory) == 0);
    CHECK(RunClusterize({"--pid-file", file, "/no/such/program"}).ended == Exited(127));
    CHECK(FilesIn(directory) == 0);
    Cluster terminal({.options = {"-n", "1", "--pid-file", file},
                      .command = {"sleep", "1000"},
                      .start = {.terminal = true}});
    (void)terminal.WaitOnline(1);
    CHECK(FilesIn(directory) == 1);
    terminal.Type("\x03");
    CHECK(terminal.Wait() == Killed(SIGINT));
    CHECK(FilesIn(directory) == 0);
}

TEST_CASE("a second launcher with the file of a living one is refused and changes nothing") {
    const TempDir directory;
    const std::string file = directory / "pid";
    Cluster cluster({.options = {"-n", "1", "--pid-file", file}, .command = {"sleep", "1000"}});
    (void)cluster.WaitOnline(1);
    const std::string pid = std::to_string(cluster.Pid());
    const auto second = RunClusterize({"--pid-file", file, "touch", directory / "started"});
    CheckRefused(second, 125, {"--pid-file", file, "process " + pid + " holds it"});
    CHECK(ReadFile(file) == pid + "\n");
    CHECK(FilesIn(directory) == 1);
    cluster.Signal(SIGKILL);
    CHECK(cluster.Wait() == Killed(SIGKILL));
    CHECK(ReadFile(file) == pid + "\n"); // left behind, but nobody's
    const auto third = RunClusterize({"--pid-file", file, "cat", file});
    CHECK(third.ended == Exited(0));
    CHECK(third.out != pid + "\n");
}

TEST_CASE("a stale file never keeps a container from starting: it names PID 1, us or a stranger") {
    const TempDir directory;
    const std::string file = directory / "pid";
    const Process stranger({.argv = {"sleep", "1000"}});
    for (const std::string &text : {std::string("1\n"), std::to_string(getpid()) + "\n",
                                    std::to_string(stranger.Pid()) + "\n"}) {
        directory.Write("pid", text);
        CHECK(RunClusterize({"--pid-file", file, "true"}).ended == Exited(0));
        CHECK(FilesIn(directory) == 0);
    }
    if (!IsRoot())
        HARNESS_SKIP("no root, no PID namespace");
    directory.Write("pid", "1\n");
    const auto first = RunClusterize({"--pid-file", file, "cat", file}, {.pid_namespace = true});
    CHECK(first.ended == Exited(0));
    CHECK(first.out == "1\n");
}

TEST_CASE("where it cannot be written nothing is started") {
    const TempDir directory;
    for (const std::string &file :
         {directory / "none/pid", directory.Path(), std::string("/dev/null")}) {
        const auto result = RunClusterize(
            {"--pid-file", file, "-p", "127.0.0.1:0", "touch", directory / "started"});
        CheckRefused(result, 125, {"--pid-file", file});
    }
    const auto variable =
        RunClusterize({"true"}, {.env = {{"CLUSTERIZE_PID_FILE", "/no/such/pid"}}});
    CheckRefused(variable, 125, {"CLUSTERIZE_PID_FILE", "/no/such/pid", "No such file"});
    CheckRefused(RunClusterize({"--pid-file", "/proc/pid", "true"}), 125, {"/proc/pid"});
    CHECK(FilesIn(directory) == 0);
}

TEST_CASE("an address that is taken leaves the file of whoever has it alone") {
    const TempDir directory;
    const std::string file = directory.Write("pid", "4242\n");
    const Fd taken = ListenOn("127.0.0.1:0");
    const std::string address = "127.0.0.1:" + std::to_string(PortOf(taken.Get()));
    CheckRefused(RunClusterize({"--pid-file", file, "-p", address, "true"}), 125, {address});
    CHECK(ReadFile(file) == "4242\n");
}
