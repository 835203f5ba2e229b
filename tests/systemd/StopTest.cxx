// Stop, restart, and the end of what a unit has started: each KillMode=.

#include "Unit.hxx"
#include "process/Support.hxx"

#include <csignal>

using namespace systemd;
using process::AskUntilAnswered;
using process::Field;
using process::InNetworkOf;

namespace {

/** Two workers that write down each signal. */
std::string Logging(const std::string &settings) {
    return ServiceText("Type=notify\n" + settings, "-n 2 --ready exec -- /opt/behave signal-log");
}

void StartLogging(const Unit &unit) {
    REQUIRE(unit.Do("start") == Exited(0));
    (void)unit.WaitJournal("start slot=0");
    (void)unit.WaitJournal("start slot=1");
}

/** TERM to each worker. */
size_t Terms(const Unit &unit, int slot) {
    return unit.CountJournal("got 15 slot=" + std::to_string(slot));
}

void CheckEnded(const Unit &unit) {
    CHECK(unit.Show("ActiveState") == "inactive");
    CHECK(unit.Show("Result") == "success");
    CHECK(unit.Show("MainPID") == "0");
    CHECK(unit.Show("ControlGroup").empty()); // it is gone: so are all processes
}

} // namespace

TEST_CASE("KillMode=mixed: each worker gets TERM once, and the unit ends well") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "mixed.service", Logging("KillMode=mixed\n"));
    StartLogging(unit);
    CHECK(unit.Do("stop") == Exited(0));
    CheckEnded(unit);
    for (const int slot : {0, 1})
        CHECK(Terms(unit, slot) == 1);
}

TEST_CASE("KillMode=process: the launcher ends all that it has started") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "process.service", Logging("KillMode=process\n"));
    StartLogging(unit);
    CHECK(unit.Do("stop") == Exited(0));
    CheckEnded(unit);
    for (const int slot : {0, 1})
        CHECK(Terms(unit, slot) == 1);
}

TEST_CASE("KillMode=control-group: TERM comes from both sides, and the unit ends well") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "group.service", Logging(""));
    StartLogging(unit);
    CHECK(unit.Do("stop") == Exited(0));
    CheckEnded(unit);
    for (const int slot : {0, 1}) {
        CHECK(Terms(unit, slot) >= 1);
        CHECK(Terms(unit, slot) <= 2);
    }
}

TEST_CASE("KillMode=none: a stop by ExecStop= ends all") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "none.service",
                    Logging("KillMode=none\nExecStop=/bin/sh -c 'kill -TERM $MAINPID; "
                            "while [ -d /proc/$MAINPID ]; do sleep 0.05; done'\n"));
    StartLogging(unit);
    CHECK(unit.Do("stop") == Exited(0));
    CheckEnded(unit);
    for (const int slot : {0, 1})
        CHECK(Terms(unit, slot) == 1);
}

TEST_CASE("workers that die of TERM: a stop that failed without SuccessExitStatus=143") {
    SYSTEMD_MACHINE(machine);
    for (const bool told : {false, true}) {
        CAPTURE(told);
        const Unit unit(machine, "status.service",
                        ServiceText(std::string("Type=notify\nKillMode=mixed\n") +
                                        (told ? "SuccessExitStatus=143\n" : ""),
                                    "-n 2 --ready exec -- /opt/behave pause"));
        REQUIRE(unit.Do("start") == Exited(0));
        CHECK(unit.Do("stop") == Exited(0));
        CHECK(unit.Show("ActiveState") == (told ? "inactive" : "failed"));
        if (!told) // one that ended well is forgotten
            CHECK(unit.Show("ExecMainStatus") == "143");
    }
}

TEST_CASE("workers that ignore TERM are killed before the service manager loses patience") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(
        machine, "ignore.service",
        ServiceText("Type=notify\nKillMode=mixed\nSuccessExitStatus=137\n",
                    "-n 2 --ready exec --stop-timeout 500ms -- /opt/behave ignore-term"));
    REQUIRE(unit.Do("start") == Exited(0));
    (void)unit.WaitJournal("ignoring slot=0");
    (void)unit.WaitJournal("ignoring slot=1");
    CHECK(unit.Do("stop") == Exited(0));
    CheckEnded(unit);
}

TEST_CASE("a restart: another cluster on the same port") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "again.service",
                    ServiceText("Type=notify\nKillMode=mixed\nSuccessExitStatus=143\n",
                                "-n 2 -p 127.0.0.1:8020 -- /opt/echo-server"));
    REQUIRE(unit.Do("start") == Exited(0));
    const auto ask = [&] {
        std::string pid;
        InNetworkOf(machine.Init(), [&] { pid = Field(Ask("127.0.0.1:8020", "who"), "pid"); });
        return pid;
    };
    const std::string before = ask();
    const pid_t launcher = unit.MainPid();
    CHECK(unit.Do("restart") == Exited(0));
    CHECK(unit.Show("ActiveState") == "active");
    CHECK(unit.MainPid() != launcher);
    CHECK(ask() != before);
}

TEST_CASE("kill -9 of the launcher: the service manager starts a cluster that serves again") {
    SYSTEMD_MACHINE(machine);
    for (const char *mode : {"control-group", "mixed", "process"}) {
        CAPTURE(mode);
        const Unit unit(machine, "killed.service",
                        ServiceText(std::string("Type=notify\nRestart=on-failure\nRestartSec=0\n"
                                                "KillMode=") +
                                        mode + "\n",
                                    "-n 2 -p 127.0.0.1:8021 -- /opt/echo-server"));
        REQUIRE(unit.Do("start") == Exited(0));
        (void)kill(unit.MainPid(), SIGKILL);
        unit.WaitShow("NRestarts", "1");
        unit.WaitShow("ActiveState", "active");
        InNetworkOf(machine.Init(), [] { CHECK(AskUntilAnswered("127.0.0.1:8021", "x") == "x"); });
        CHECK(unit.Do("stop") == Exited(0));
    }
}
