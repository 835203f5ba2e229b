// --output: what becomes of the lines of workers, their order and their colour.

#include "Lines.hxx"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <termios.h>

using namespace process;

namespace {

/** A terminal of the test's own, which is not the controlling one of anybody. */
struct Terminal {
    Terminal() {
        master = Fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (grantpt(master.Get()) != 0 || unlockpt(master.Get()) != 0)
            throw std::runtime_error("no terminal");
        char name[128];
        if (ptsname_r(master.Get(), name, sizeof name) != 0)
            throw std::runtime_error("no terminal");
        slave = Fd(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    }

    std::string Read() const {
        std::string text;
        pollfd source = {master.Get(), POLLIN, 0};
        char bytes[4096];
        while (poll(&source, 1, 0) > 0) {
            const auto n = read(master.Get(), bytes, sizeof bytes);
            if (n <= 0)
                break;
            text.append(bytes, static_cast<size_t>(n));
        }
        return text;
    }

    Fd master, slave;
};

/** What a worker's "x" looks like on a terminal. */
std::string OnTerminal(std::vector<EnvironmentChange> env) {
    const Terminal terminal;
    Start start = WritingTo({{terminal.slave.Get(), 20}});
    start.env = std::move(env);
    Cluster cluster({.options = {"-n", "1", "--output", "prefix"},
                     .command = {"echo", "x"},
                     .start = std::move(start),
                     .events = false});
    CHECK(cluster.Wait() == Exited(0));
    return terminal.Read();
}

} // namespace

TEST_CASE("prefix: the id before each line, output and error apart, the last line whole") {
    AsEveryone([](bool nobody) {
        const auto result = RunClusterize({"-n", "2", "--output", "prefix", "--", "/bin/sh", "-c",
                                           "echo one; echo wrong >&2; echo; printf last"},
                                          {.nobody = nobody});
        CHECK(result.ended == Exited(0));
        auto out = Lines(result.out), err = Lines(result.err);
        std::stable_sort(out.begin(), out.end(), [](const auto &a, const auto &b) {
            return a.substr(0, 3) < b.substr(0, 3);
        });
        CHECK(out == std::vector<std::string>{"[1] one", "[1] ", "[1] last", "[2] one", "[2] ",
                                              "[2] last"});
        std::sort(err.begin(), err.end());
        CHECK(err == std::vector<std::string>{"[1] wrong", "[2] wrong"});
        CHECK(result.out.back() == '\n');
    });
}

TEST_CASE("4 workers that each write 100,000 lines: none torn, none lost, order kept") {
    AsEveryone([](bool nobody) {
        Pipe out, err;
        Start start = WritingTo({{out.writer.Get(), 20}, {err.writer.Get(), 21}});
        start.nobody = nobody;
        Cluster cluster({.options = {"-n", "4", "--output", "prefix"},
                         .command = {Reachable(Behave()), "lines", "100000"},
                         .start = std::move(start),
                         .events = false});
        out.writer.Close();
        err.writer.Close();
        std::string out_text, err_text;
        REQUIRE(ReadToEnd({{out.reader.Get(), &out_text}, {err.reader.Get(), &err_text}}));
        CHECK(cluster.Wait() == Exited(0));
        CHECK(Wrong(out_text, 4, 100'000, 1, FirstPrefix, OutLine) == "");
        CHECK(Wrong(err_text, 4, 100'000, 10, FirstPrefix, ErrLine) == "");
    });
}

TEST_CASE("both streams into one pipe, with the log: still no line is torn") {
    Pipe pipe;
    Cluster cluster({.options = {"-n", "4", "--output", "prefix", "--log-level", "debug"},
                     .command = {Behave(), "lines", "5000"},
                     .start = WritingTo({{pipe.writer.Get(), 20}, {pipe.writer.Get(), 21}}),
                     .events = false});
    pipe.writer.Close();
    std::string text;
    REQUIRE(ReadToEnd({{pipe.reader.Get(), &text}}));
    CHECK(cluster.Wait() == Exited(0));
    std::string out, err;
    for (const std::string &line : Lines(text))
        if (line.compare(0, 12, "clusterize: ") != 0)
            (Contains(line, "] err ") ? err : out) += line + "\n";
    CHECK(Wrong(out, 4, 5000, 1, FirstPrefix, OutLine) == "");
    CHECK(Wrong(err, 4, 5000, 10, FirstPrefix, ErrLine) == "");
}

TEST_CASE("into a file that two descriptors lead to: nothing is written over") {
    const TempDir directory;
    const std::string file = directory / "all";
    const auto result = Run(
        {.argv = {"/bin/sh", "-c", "\"$0\" -n 2 --output prefix -- \"$1\" lines 2000 >\"$2\" 2>&1",
                  ClusterizePath(), Behave(), file}});
    CHECK(result.ended == Exited(0));
    CHECK(Lines(ReadFile(file)).size() == 2 * 2200);
}

TEST_CASE("a line of any length arrives: cut where it is longer than 64 KiB") {
    const auto result = RunClusterize({"-n", "1", "--output", "prefix", "--", "/bin/sh", "-c",
                                       "head -c 150000 /dev/zero | tr '\\0' x; echo; echo next"});
    CHECK(result.ended == Exited(0));
    const std::string piece = "[1] " + std::string(65536, 'x') + "\n";
    CHECK(result.out ==
          piece + piece + "[1] " + std::string(150000 - 131072, 'x') + "\n[1] next\n");
}

TEST_CASE("null: nothing is left of it") {
    AsEveryone([](bool nobody) {
        const auto result = RunClusterize(
            {"-n", "2", "--output", "null", "--", "/bin/sh", "-c", "echo a; echo b >&2; exit 3"},
            {.nobody = nobody});
        CHECK(result.ended == Exited(3));
        CHECK(result.out == "");
        CHECK(!Contains(result.err, "b\n"));
    });
}

TEST_CASE("inherit, the default: the very descriptors of the launcher") {
    for (const std::vector<std::string> &options :
         {std::vector<std::string>{"-n", "2"}, {"-n", "2", "--output", "inherit"}}) {
        Cluster cluster({.options = options, .command = {Behave(), "pause"}, .events = false});
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "pausing") == 2; }));
        for (const pid_t worker : Children(cluster.Pid()))
            if (Contains(CommandLine(worker), "behave"))
                CHECK(Descriptors(worker).at(1) == Descriptors(cluster.Pid()).at(1));
        CHECK(cluster.Stop() == Exited(143));
    }
}

TEST_CASE("a worker of another user opens /dev/stdout") {
    if (!IsRoot())
        HARNESS_SKIP("only root can run workers as another user");
    const auto result =
        RunClusterize({"-n", "1", "--user", "65534:65534", "--output", "prefix", "--", "/bin/sh",
                       "-c", "echo one >/dev/stdout; echo two >/dev/stderr"});
    CHECK(result.ended == Exited(0));
    CHECK(result.out == "[1] one\n");
    CHECK(result.err == "[1] two\n");
}

TEST_CASE("colour on a terminal alone, and never against NO_COLOR") {
    const std::string plain = "[1] x\r\n", coloured = "\x1b[36m[1]\x1b[0m x\r\n";
    const EnvironmentChange xterm = {"TERM", "xterm"}, unset = {"NO_COLOR", std::nullopt};
    CHECK(OnTerminal({xterm, unset}) == coloured);
    CHECK(OnTerminal({xterm, {"NO_COLOR", ""}}) == coloured);
    CHECK(OnTerminal({xterm, {"NO_COLOR", "1"}}) == plain);
    CHECK(OnTerminal({{"TERM", "dumb"}, unset}) == plain);
    Start start;
    start.env = {xterm, unset};
    CHECK(
        RunClusterize({"-n", "1", "--output", "prefix", "--", "echo", "x"}, std::move(start)).out ==
        "[1] x\n");
}

TEST_CASE(
    "a terminal that was stopped (Ctrl-S) stops no launcher, with its log there or the lines") {
    for (const char *mode : {"inherit", "prefix"}) {
        CAPTURE(mode);
        const Terminal terminal;
        REQUIRE(tcflow(terminal.slave.Get(), TCOOFF) == 0);
        Cluster cluster(
            {.options = {"-n", "2", "--restart", "always", "--log-level", "debug", "--output", mode,
                         "--stop-timeout", "1"},
             .command = {"sleep", "1000"},
             .start = WritingTo({{terminal.slave.Get(), 20}, {terminal.slave.Get(), 21}})});
        cluster.WaitUp();
        CHECK(cluster.Stop() == Exited(143));
    }
}

TEST_CASE("the launcher has as many descriptors after sixty restarts as before") {
    constexpr size_t SLOTS = 20;
    Cluster cluster({.options = {"-n", std::to_string(SLOTS), "--restart", "always", "--output",
                                 "prefix", "--max-restarts", "100/1h"},
                     .command = {Behave(), "pause"}});
    cluster.WaitUp();
    REQUIRE(WaitFor([&] { return Count(cluster.Out(), "pausing") == SLOTS; }));
    const auto before = Descriptors(cluster.Pid()).size();
    for (size_t round = 1; round <= 3; ++round) {
        for (const auto &worker : cluster.Workers())
            (void)kill(worker.second, SIGKILL);
        (void)cluster.WaitEvents("online", SLOTS * (round + 1));
        REQUIRE(WaitFor([&] { return Count(cluster.Out(), "pausing") == SLOTS * (round + 1); }));
    }
    CHECK(WaitFor([&] { return Descriptors(cluster.Pid()).size() == before; }));
    CHECK(cluster.Stop() == Exited(143));
    CHECK(Contains(cluster.Out(), "[80] pausing"));
}

TEST_CASE("a worker that cannot be started leaves no pipe behind") {
    const auto result = RunClusterize({"-n", "2", "--output", "prefix", "--", "/no/such/program"});
    CHECK(result.ended == Exited(127));
    CHECK(result.out == "");
}

TEST_CASE("what a worker leaves behind writes into the same pipe until its end") {
    const TempDir directory;
    const std::string there = directory / "there";
    Cluster cluster({.options = {"-n", "1", "--output", "prefix"},
                     .command = {"/bin/sh", "-c",
                                 "(trap 'echo late' TERM; : >" + there +
                                     "; sleep 1000 & wait) & until test -e " + there +
                                     "; do sleep 0.01; done; echo early"}});
    CHECK(cluster.Wait() == Exited(0));
    CHECK(Contains(cluster.Out(), "[1] early\n"));
    CHECK(Contains(cluster.Out(), "[1] late\n"));
}
