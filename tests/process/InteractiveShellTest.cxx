// In an interactive bash, as people use it: loops, job control, the end of the shell and of the terminal.

#include "Support.hxx"

#include <algorithm>
#include <csignal>
#include <unistd.h>

using namespace process;

namespace {

constexpr const char *CTRL_C = "\x03";
constexpr const char *CTRL_Z = "\x1a";

/** Its prompts go to the terminal, what it runs writes to where the test reads. */
class Shell : public Process {
    static Start MakeStart(std::vector<std::string> argv) {
        return {.argv = std::move(argv),
                .env = {{"CL", ClusterizePath()}, {"BEHAVE", Behave()}},
                .terminal = true,
                .prepare = [] { (void)dup2(STDIN_FILENO, STDERR_FILENO); }};
    }

    int said = 0;

public:
    explicit Shell(const std::vector<std::string> &options = {})
        : Process(MakeStart([&options] {
              std::vector<std::string> argv = {"bash", "--norc", "--noprofile", "-i"};
              argv.insert(argv.end(), options.begin(), options.end());
              return argv;
          }())) {
        Sync();
    }

    /** Waits until it reads commands. */
    void Sync() {
        const std::string mark = "prompt-" + std::to_string(++said);
        Type("echo prompt-$((" + std::to_string(said) + "))\n");
        WaitOut(mark);
    }

    /** Processes of clusterize and its workers, in the order of /proc, without the watcher. */
    std::vector<pid_t> Family() const {
        std::vector<pid_t> family = Descendants(Pid());
        // Without helpers: most lead a session, soon; the witness takes no signal.
        std::erase_if(family, [](pid_t pid) {
            return getsid(pid) == pid || StatusField(pid, "Name") == "clusterize-hear";
        });
        return family;
    }

    /** What it says of the command that ends now. */
    std::string Status() {
        // Typed before, it would be the command's to read.
        REQUIRE(WaitFor([this] { return Family().empty(); }));
        const std::string before = Out();
        Type("echo status=$?.\n");
        REQUIRE(WaitFor([&] { return Contains(Out().substr(before.size()), "."); }));
        const std::string said_now = Out().substr(before.size());
        return said_now.substr(0, said_now.find('.'));
    }

    bool AllAre(bool stopped) const {
        const std::vector<pid_t> family = Family();
        return family.size() == 3 &&
               std::all_of(family.begin(), family.end(),
                           [stopped](pid_t pid) { return (State(pid) == 'T') == stopped; });
    }
};

bool AllGone(const std::vector<pid_t> &pids) {
    return WaitFor([&pids] { return std::none_of(pids.begin(), pids.end(), Alive); });
}

} // namespace

TEST_CASE("interactive bash: a loop ends with Ctrl-C") {
    Shell shell;
    shell.Type("for i in 1 2 3; do \"$CL\" -n 2 -- \"$BEHAVE\" signal-log; echo next; done\n");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "start ") == 2; }));
    shell.Type(CTRL_C);
    CHECK(shell.Status() == "status=130");
    CHECK(Count(shell.Out(), "start ") == 2);
    CHECK(Count(shell.Out(), "got 2 ") == 2);
    CHECK(!Contains(shell.Out(), "next"));
}

TEST_CASE("interactive bash: Ctrl-Z, bg, fg") {
    Shell shell;
    shell.Type("\"$CL\" -n 2 --balance random -p 127.0.0.1:0 -- \"$BEHAVE\" signal-log\n");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "start ") == 2; }));
    shell.Type(CTRL_Z);
    REQUIRE(WaitFor([&] { return shell.AllAre(true); }));
    shell.Type("echo stopped=$?\n");
    shell.WaitOut("stopped=14"); // 128 and TSTP or STOP
    shell.Type("bg\n");
    REQUIRE(WaitFor([&] { return shell.AllAre(false); }));
    shell.Sync();
    shell.Type("fg\n");
    // It is in the foreground when the shell no longer is.
    const pid_t launcher = shell.Family()[0];
    REQUIRE(WaitFor([&] { return IsInForeground(launcher); }));
    CHECK(shell.AllAre(false));
    shell.Type(CTRL_C);
    CHECK(shell.Status() == "status=130");
    CHECK(Count(shell.Out(), "start ") == 2);
    CHECK(Count(shell.Out(), "got 2 ") == 2);
}

TEST_CASE("interactive bash: in the background it runs, and a worker that reads is not scaling") {
    Shell shell;
    shell.Type("\"$CL\" -n 1 --stdin inherit -p 127.0.0.1:0 -- cat &\n");
    // The terminal stops the whole group, for which it has sent TTIN.
    REQUIRE(WaitFor([&] {
        const auto family = shell.Family();
        return family.size() == 2 && State(family[0]) == 'T' && State(family[1]) == 'T';
    }));
    shell.Sync();
    const pid_t launcher = shell.Family()[0];
    shell.Type("fg\n");
    REQUIRE(WaitFor([&] { return IsInForeground(launcher); }));
    shell.Type("words\n");
    shell.WaitOut("words");
    CHECK(WaitFor([&] { return shell.Family().size() == 2; }));
    shell.Type(CTRL_C);
    CHECK(shell.Status() == "status=130");
}

TEST_CASE("interactive bash: exit with a job that is suspended hangs it up") {
    Shell shell;
    shell.Type("\"$CL\" -n 2 --balance random -p 127.0.0.1:0 -- \"$BEHAVE\" signal-log\n");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "start ") == 2; }));
    shell.Type(CTRL_Z);
    REQUIRE(WaitFor([&] { return shell.AllAre(true); }));
    const std::vector<pid_t> family = shell.Family();
    shell.Type("exit\nexit\n"); // the first one warns
    (void)shell.Wait();
    CHECK(AllGone(family));
    CHECK(WaitFor([&] { return shell.Leftovers().empty(); }));
}

TEST_CASE("interactive bash: exit with a job that runs hangs it up, where the shell does that") {
    for (const char *jobs : {"", "--balance random -p 127.0.0.1:0 "}) {
        INFO(jobs);
        Shell shell({"-l", "-O", "huponexit"});
        shell.Type("\"$CL\" -n 2 " + std::string(jobs) + "-- \"$BEHAVE\" signal-log &\n");
        REQUIRE(WaitFor([&] { return Count(shell.Out(), "start ") == 2; }));
        REQUIRE(WaitFor([&] { return shell.Family().size() == 3; }));
        const std::vector<pid_t> family = shell.Family();
        shell.Type("exit\n");
        (void)shell.Wait();
        CHECK(AllGone(family));
        CHECK(WaitFor([&] { return shell.Leftovers().empty(); }));
    }
}

TEST_CASE("interactive bash: the terminal goes away, and with it what runs in the background") {
    Shell shell;
    shell.Type("\"$CL\" -n 2 --balance random -p 127.0.0.1:0 -- \"$BEHAVE\" signal-log &\n");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "start ") == 2; }));
    REQUIRE(WaitFor([&] { return shell.Family().size() == 3; }));
    const std::vector<pid_t> family = shell.Family();
    shell.HangUp();
    (void)shell.Wait();
    CHECK(AllGone(family));
    CHECK(WaitFor([&] { return shell.Leftovers().empty(); }));
}

TEST_CASE("interactive bash: kill -HUP of a job is for the workers") {
    Shell shell;
    shell.Type("\"$CL\" -n 2 --balance random -p 127.0.0.1:0 -- \"$BEHAVE\" signal-log &\n");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "start ") == 2; }));
    shell.Type("kill -HUP $!\n");
    REQUIRE(WaitFor([&] { return Count(shell.Out(), "got 1 ") == 2; }));
    CHECK(shell.AllAre(false));
    shell.Type("kill $!; wait $!; echo status=$?\n");
    shell.WaitOut("status=");
}

TEST_CASE("interactive bash: a pipe into head ends as it does without") {
    Shell shell;
    shell.Type("\"$CL\" -n 2 -- sh -c 'while echo line; do :; done' 2>/dev/null | head -n 3; echo "
               "status=${PIPESTATUS[*]}\n");
    shell.WaitOut("status=");
    CHECK(Count(shell.Out(), "line\n") == 3);
}
