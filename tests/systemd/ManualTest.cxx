// The units of the manual page.

#include "Unit.hxx"
#include "process/Support.hxx"

#include <cstdlib>
#include <sstream>

using namespace systemd;
using process::Contains;

namespace {

/** The example of the manual page that has this line in it, as a reader sees it. */
std::string Example(const std::string &line) {
    const char *source = std::getenv("TEST_SOURCE_ROOT");
    REQUIRE(source != nullptr);
    std::istringstream manual(ReadFile(std::string(source) + "/man/clusterize.1"));
    std::string row, example;
    bool inside = false;
    while (std::getline(manual, row)) {
        if (row.starts_with(".Bd")) {
            inside = true;
            example.clear();
        } else if (row.starts_with(".Ed")) {
            inside = false;
            if (Contains("\n" + example, "\n" + line + "\n"))
                return example;
        } else if (inside) {
            for (auto at = row.find("\\e"); at != std::string::npos; at = row.find("\\e", at))
                row.replace(at, 2, "\\");
            for (auto at = row.find("\\-"); at != std::string::npos; at = row.find("\\-", at))
                row.replace(at, 2, "-");
            example += row + "\n";
        }
    }
    FAIL("no example with the line " << line);
    return "";
}

std::string Replaced(std::string text, const std::string &from, const std::string &to) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("the unit of the manual page starts, is watched, stops once and ends well") {
    SYSTEMD_MACHINE(machine);
    std::string text = Replaced(Example("[Service]"), "/usr/bin/clusterize", "/opt/clusterize");
    text =
        Replaced(text, "/usr/bin/gunicorn app:app", "/opt/notify READY=1 /opt/behave signal-log");
    const Unit unit(machine, "manual.service", text);
    REQUIRE(unit.Do("start") == Exited(0));
    CHECK(unit.Show("StatusText") == "4/4 workers ready");
    CHECK(unit.Show("WatchdogUSec") != "0");
    for (const char *slot : {"0", "1", "2", "3"})
        (void)unit.WaitJournal("start slot=" + std::string(slot));
    CHECK(unit.Do("stop") == Exited(0));
    CHECK(unit.Show("ActiveState") == "inactive");
    CHECK(unit.CountJournal("got 15") == 4);
}

TEST_CASE("the same with workers that die of TERM: the unit has not failed") {
    SYSTEMD_MACHINE(machine);
    std::string text = Replaced(Example("[Service]"), "/usr/bin/clusterize", "/opt/clusterize");
    text = Replaced(text, "/usr/bin/gunicorn app:app", "/opt/notify READY=1 /opt/behave pause");
    const Unit unit(machine, "manual-dies.service", text);
    REQUIRE(unit.Do("start") == Exited(0));
    CHECK(unit.Do("stop") == Exited(0));
    CHECK(unit.Show("ActiveState") == "inactive");
}
