// Which descriptors reach a worker: the listeners and what the launcher inherited, nothing else.

#include "Support.hxx"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

using namespace process;

namespace {

/** Number → rest of the line, from `behave print-fds`. */
std::map<int, std::string> PrintedFds(const std::string &output) {
    std::map<int, std::string> fds;
    for (const auto &line : Lines(output)) {
        if (line.compare(0, 3, "fd ") == 0)
            fds[std::atoi(line.c_str() + 3)] = line.substr(line.find(' ', 3) + 1);
    }
    return fds;
}

std::set<int> Numbers(const std::map<int, std::string> &fds) {
    std::set<int> numbers;
    for (const auto &[number, rest] : fds)
        numbers.insert(number);
    return numbers;
}

/** How many it has when it is not just looking at something, such as a directory of /proc. */
size_t SteadyCount(pid_t pid) {
    size_t count = 0;
    int seen = 0;
    REQUIRE(WaitFor([&] {
        const size_t now = Descriptors(pid).size();
        seen = now == count ? seen + 1 : 0;
        count = now;
        return seen == 30;
    }));
    return count;
}

Fd TextFile(const std::string &text) {
    Fd fd(memfd_create("text", MFD_CLOEXEC));
    REQUIRE(write(fd.Get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE(lseek(fd.Get(), 0, SEEK_SET) == 0);
    return fd;
}

} // namespace

TEST_CASE("a job has standard input, output and error, and nothing else") {
    AsEveryone([](bool nobody) {
        std::vector<std::string> command{"--", Reachable(Behave()), "print-fds"};
        const auto result = RunClusterize(command, {.nobody = nobody});
        CHECK(result.ended == Exited(0));
        CHECK(Numbers(PrintedFds(result.out)) == std::set<int>{0, 1, 2});
    });
}

TEST_CASE("a server has its listeners besides; no descriptor of the launcher leaks") {
    const TempDir directory;
    for (const char *balance : {"random", "none"}) {
        INFO(balance);
        Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0", "-l", "udp:127.0.0.1:0", "-l",
                                     "unix:" + directory / "s.sock", "--balance", balance,
                                     "--events", directory / "events"},
                         .command = {EchoServer()},
                         .events = false});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "serving ") == 3; }));
        unsigned looked_at = 0;
        for (const pid_t pid : Children(cluster.Pid())) {
            if (!CommandLine(pid).starts_with(
                    EchoServer())) // the watcher is a copy of the launcher
                continue;
            ++looked_at;
            auto fds = Descriptors(pid);
            // The server opened these itself.
            std::erase_if(fds, [](const auto &fd) { return Contains(fd.second, "anon_inode:"); });
            CHECK(Numbers(fds) == std::set<int>{0, 1, 2, 3, 4, 5});
            CHECK(fds[0] == "/dev/null");
        }
        CHECK(looked_at == 3);
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("the same for a replacement") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"}, .command = {EchoServer()}});
    cluster.WaitUp();
    auto before = Descriptors(cluster.WaitOnline(1));
    (void)kill(cluster.WaitOnline(1), SIGKILL);
    WaitReady(cluster, 3);
    CHECK(Numbers(Descriptors(cluster.WaitOnline(3))) == Numbers(before));
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("everything that the launcher opened is CLOEXEC, before and after a restart") {
    const TempDir directory;
    Cluster cluster({.options = {"-n", "3", "-p", "127.0.0.1:0", "-l", "udp:127.0.0.1:0", "-l",
                                 "unix:" + directory / "s.sock"},
                     .command = {EchoServer()}});
    const auto check = [&] {
        for (const auto &open : Descriptors(cluster.Pid())) {
            if (open.first > 2 && open.first != 63) // which the test handed over
                CHECK_MESSAGE((DescriptorFlags(cluster.Pid(), open.first) & O_CLOEXEC) != 0,
                              open.first << " " << open.second);
        }
    };
    cluster.WaitUp();
    // The launcher has a pipe to the watcher, which comes a moment after the workers, and sockets
    // to errand processes.
    (void)WaitWatcher(cluster);
    check();
    REQUIRE(WaitFor([&] { return !HasErrands(cluster); }));
    const size_t before = SteadyCount(cluster.Pid());
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    WaitReady(cluster, 4);
    check();
    // And none was lost on the way.
    REQUIRE(WaitFor([&] { return !HasErrands(cluster); }));
    CHECK(SteadyCount(cluster.Pid()) == before);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("an inherited descriptor passes through to jobs and to servers") {
    const Fd given = TextFile("hello\n");
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "1"}, {"-n", "1", "-p", "127.0.0.1:0", "--jobs"}}) {
        std::vector<std::string> words = options;
        words.insert(words.end(), {"--", Behave(), "print-fds"});
        const auto result = RunClusterize(words, {.fds = {{given.Get(), 20}}});
        CHECK(result.ended == Exited(0));
        auto fds = PrintedFds(result.out);
        REQUIRE(fds.contains(20));
        CHECK(Contains(fds[20], "flags=0"));
        CHECK(Contains(fds[20], "memfd:text"));
    }
}

TEST_CASE("process substitution") {
    const auto result = Run(
        {.argv = {"bash", "-c", "exec \"$0\" -- cat <(echo one) <(echo two)", ClusterizePath()}});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "one\ntwo\n");
    CHECK(result.err == "");
}

TEST_CASE(
    "an inherited descriptor where a listener has to be: the listener wins, a warning names it") {
    const Fd given = TextFile("hello\n");
    Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.fds = {{given.Get(), 3}, {given.Get(), 4}}}});
    CHECK(Field(Ask(cluster.Address(), "who"), "id") == "1");
    auto fds = Descriptors(cluster.WaitOnline(1));
    CHECK(SocketInode(fds[3]) != 0);
    CHECK(Contains(fds[4], "memfd:text")); // not in anybody's way
    bool warned = false;
    for (const auto &line : Lines(cluster.Err()))
        warned = warned || (Contains(line, "descriptor") && Contains(line, "3") &&
                            !Contains(line, "worker 1"));
    CHECK(warned);
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("closed standard descriptors are no place for a listener") {
    const auto start = [](const char *redirections) {
        return std::vector<std::string>{"/bin/sh", "-c", std::string("exec \"$@\" ") + redirections,
                                        "sh"};
    };
    for (const char *redirections : {"<&-", "<&- >&-", "<&- >&- 2>&-"}) {
        INFO(redirections);
        Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                         .command = {EchoServer()},
                         .wrapper = start(redirections)});
        const std::string address = cluster.Address();
        REQUIRE(WaitFor([&] { return Shares(address, 10).size() == 2; }));
        for (const unsigned id : {1U, 2U}) {
            auto fds = Descriptors(cluster.WaitOnline(id));
            for (const int fd : {0, 1, 2})
                CHECK(SocketInode(fds[fd]) == 0);
            CHECK(SocketInode(fds[3]) != 0);
        }
        CHECK(cluster.Stop() == Exited(0));
    }
}

TEST_CASE("nor for anything of the launcher's own in an image without /dev") {
    if (!IsRoot())
        HARNESS_SKIP("a mount namespace needs root");
    const auto hide_dev = [] {
        if (unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("none", "/dev", "tmpfs", 0, nullptr) != 0)
            throw std::runtime_error("cannot hide /dev");
    };
    Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
                     .command = {EchoServer()},
                     .start = {.prepare = hide_dev},
                     .wrapper = {"/bin/sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"}});
    cluster.WaitUp();
    CHECK(Shares(cluster.Address(), 40).size() == 2);
    for (const pid_t pid : {cluster.Pid(), cluster.WaitOnline(1)}) {
        auto fds = Descriptors(pid);
        for (const int fd : {0, 1, 2})
            CHECK(Contains(fds[fd], "pipe:"));
    }
    CHECK(cluster.Stop() == Exited(0));
}
