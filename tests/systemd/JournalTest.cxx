// Lines of a unit in the journal.

#include "Unit.hxx"

using namespace systemd;

TEST_CASE("the journal knows how much each line of the log matters") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "journal.service",
                    ServiceText("Type=exec\n",
                                "--log-level debug -n 2 --ready notify --stop-delay 9s "
                                "-- /not-there"));
    (void)unit.Do("start");
    unit.WaitShow("ActiveState", "failed");
    CHECK(unit.WaitJournal("cannot start").priority == 3);
    CHECK(unit.WaitJournal("--stop-delay is not shorter").priority == 4);
    CHECK(unit.WaitJournal("adoption: ").priority == 7);
    for (const JournalLine &line : unit.Journal())
        CHECK(line.text.starts_with("clusterize: "));
}

TEST_CASE("a command line that is wrong is an error in the journal") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "usage.service", ServiceText("Type=exec\n", "--nonsense -- true"));
    (void)unit.Do("start");
    unit.WaitShow("ExecMainStatus", "125");
    CHECK(unit.WaitJournal("--nonsense").priority == 3);
}

TEST_CASE("lines of workers keep the priority that they give themselves") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "lines.service",
                    ServiceText("Type=exec\n", "--jobs -- /bin/sh -c 'echo \"<4>careful\"; echo "
                                               "plain; exec /opt/behave pause'"));
    REQUIRE(unit.Do("start") == Exited(0));
    CHECK(unit.WaitJournal("plain").priority == 6);
    CHECK(unit.WaitJournal("careful") == JournalLine{4, "careful"});
}

TEST_CASE("a log that goes to a file has no priorities") {
    SYSTEMD_MACHINE(machine);
    const Unit unit(machine, "file.service",
                    ServiceText("Type=exec\nStandardError=file:/run/file.log\n",
                                "--log-level info -- /opt/behave pause"));
    REQUIRE(unit.Do("start") == Exited(0));
    const std::string path = machine.Path("/run/file.log");
    const bool written =
        WaitFor([&] { return ReadFile(path).find("clusterize: ") != std::string::npos; });
    CHECK(written);
    CHECK(ReadFile(path).find("clusterize: ") == 0);
}
