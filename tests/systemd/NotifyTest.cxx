// Type=notify: a unit has started when the cluster is up.

#include "Unit.hxx"

#include <csignal>

using namespace systemd;

TEST_CASE("Type=notify: the start waits until all workers are ready, the status counts them") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "notify.service",
                    ServiceText("Type=notify\n",
                                "-n 2 --ready notify --expand -- /opt/notify --when "
                                "/run/go-{slot} READY=1 /opt/behave pause"));
    unit.Begin("start");
    unit.WaitShow("StatusText", "0/2 workers ready");
    CHECK(unit.Show("ActiveState") == "activating");
    machine.Write("/run/go-1", "");
    unit.WaitShow("StatusText", "1/2 workers ready");
    CHECK(unit.Show("ActiveState") == "activating");
    machine.Write("/run/go-0", "");
    unit.WaitShow("ActiveState", "active");
    CHECK(unit.Show("StatusText") == "2/2 workers ready");
}

TEST_CASE("Type=notify: a cluster that never comes up is a start that fails, with its status") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "never.service",
                    ServiceText("Type=notify\n", "-n 2 --ready notify -- /opt/behave exit-with 3"));
    CHECK(unit.Do("start") == Exited(1));
    CHECK(unit.Show("Result") == "exit-code");
    CHECK(unit.Show("ExecMainStatus") == "3");
}

TEST_CASE("Type=notify: a stop is one that the service manager knows of") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "stopping.service",
                    ServiceText("Type=notify\nKillMode=mixed\nRestart=always\n",
                                "-n 1 --ready exec -- /opt/behave signal-log"));
    REQUIRE(unit.Do("start") == Exited(0));
    unit.WaitJournal("start slot=0");
    // Its own end, without systemctl: STOPPING=1 comes before the end of the main process.
    (void)kill(unit.MainPid(), SIGTERM);
    unit.WaitShow("NRestarts", "1");
    unit.WaitShow("ActiveState", "active");
    CHECK(unit.CountJournal("asked to stop") <= 1);
}

TEST_CASE("Type=exec is enough for jobs: the unit ends with their status") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "jobs.service",
                    ServiceText("Type=exec\n", "-n 2 -- /opt/behave exit-with 7"));
    CHECK(unit.Do("start") == Exited(0));
    unit.WaitShow("ActiveState", "failed");
    CHECK(unit.Show("ExecMainStatus") == "7");
}
