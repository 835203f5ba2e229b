#include "Unit.hxx"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace systemd {

Unit::Unit(Machine &_machine, std::string _name, const std::string &text)
    : machine(_machine), name(std::move(_name)) {
    machine.Write("/etc/systemd/system/" + name, text);
    (void)machine.Say({"systemctl", "daemon-reload"});
}

Unit::~Unit() {
    try {
        if (Show("ActiveState") != "inactive") {
            (void)machine.Run({"systemctl", "kill", "--signal=KILL", name});
            (void)machine.Run({"systemctl", "stop", name});
            (void)machine.Run({"systemctl", "reset-failed", name});
        }
        (void)unlink(machine.Path("/etc/systemd/system/" + name).c_str());
    } catch (const std::exception &error) {
        MESSAGE(error.what());
    }
}

Ended Unit::Do(const std::string &verb) const {
    return machine.Run({"systemctl", "--quiet", verb, name}).ended;
}

void Unit::Begin(const std::string &verb) const {
    (void)machine.Say({"systemctl", "--quiet", "--no-block", verb, name});
}

std::string Unit::Show(const std::string &property) const {
    return machine.Say({"systemctl", "show", "--value", "--property=" + property, name});
}

void Unit::WaitShow(const std::string &property, const std::string &value) const {
    if (!WaitFor([&] { return Show(property) == value; }))
        throw std::runtime_error(property + " never was " + value + "\n" + Describe());
}

pid_t Unit::MainPid() const {
    const int inside = std::stoi(Show("MainPID"));
    return inside == 0 ? 0 : PidHere(machine.Init(), inside);
}

std::vector<JournalLine> Unit::Journal() const {
    std::istringstream lines(
        machine.Say({"journalctl", "--no-pager", "--output=json", "_SYSTEMD_UNIT=" + name}));
    std::vector<JournalLine> journal;
    std::string line;
    while (std::getline(lines, line)) {
        const auto entry = nlohmann::json::parse(line);
        journal.push_back({std::stoi(entry.at("PRIORITY").get<std::string>()),
                           entry.at("MESSAGE").get<std::string>()});
    }
    return journal;
}

JournalLine Unit::WaitJournal(const std::string &part) const {
    JournalLine found = {};
    const bool there = WaitFor([&] {
        const auto journal = Journal();
        const auto line = std::find_if(journal.begin(), journal.end(), [&](const JournalLine &row) {
            return row.text.find(part) != std::string::npos;
        });
        if (line != journal.end())
            found = *line;
        return line != journal.end();
    });
    if (!there)
        throw std::runtime_error("the journal never had \"" + part + "\"\n" + Describe());
    return found;
}

size_t Unit::CountJournal(const std::string &part) const {
    const auto journal = Journal();
    return static_cast<size_t>(
        std::count_if(journal.begin(), journal.end(), [&](const JournalLine &row) {
            return row.text.find(part) != std::string::npos;
        }));
}

std::string Unit::Describe() const {
    std::string text = machine.Run({"systemctl", "status", "--no-pager", "--lines=0", name}).out;
    for (const JournalLine &line : Journal())
        text += "<" + std::to_string(line.priority) + "> " + line.text + "\n";
    return text;
}

std::string ServiceText(const std::string &service, const std::string &arguments) {
    return "[Service]\n" + service + "ExecStart=/opt/clusterize " + arguments + "\n";
}

} // namespace systemd
