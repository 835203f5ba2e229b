// WatchdogSec=.

#include "Unit.hxx"

#include <csignal>
#include <set>

using namespace systemd;

namespace {

/** The service manager hears it again and again, and does not take it for hung. */
void CheckPings(const Unit &unit) {
    std::set<std::string> times;
    const bool pings = WaitFor([&] {
        times.insert(unit.Show("WatchdogTimestampMonotonic"));
        return times.size() >= 6 || unit.Show("ActiveState") != "active";
    });
    const std::string described = unit.Describe();
    INFO(described);
    CHECK(pings);
    CHECK(unit.Show("ActiveState") == "active");
    CHECK(unit.Show("Result") == "success");
}

} // namespace

TEST_CASE("WatchdogSec=: a cluster that serves is not taken for one that hangs") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(
        machine, "watchdog.service",
        ServiceText("Type=notify\nWatchdogSec=1\n", "-n 2 --ready exec -- /opt/behave pause"));
    REQUIRE(unit.Do("start") == Exited(0));
    CheckPings(unit);
}

TEST_CASE("WatchdogSec=: nor one that runs jobs") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "watchdog-jobs.service",
                    ServiceText("Type=exec\nWatchdogSec=1\n", "--jobs -n 2 -- /opt/behave pause"));
    REQUIRE(unit.Do("start") == Exited(0));
    CheckPings(unit);
}

TEST_CASE("WatchdogSec=: a launcher that hangs is ended, with all that it has started") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "watchdog-hung.service",
                    ServiceText("Type=notify\nWatchdogSec=1\nWatchdogSignal=KILL\n",
                                "-n 2 --ready exec -- /opt/behave pause"));
    REQUIRE(unit.Do("start") == Exited(0));
    (void)kill(unit.MainPid(), SIGSTOP);
    unit.WaitShow("ActiveState", "failed");
    CHECK(unit.Show("Result") == "watchdog");
    CHECK(unit.Show("ControlGroup").empty());
}
