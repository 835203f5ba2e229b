#pragma once

#include "Machine.hxx"

#include <string>
#include <vector>

namespace systemd {

/** A line of a unit in the journal. */
struct JournalLine {
    int priority; // as syslog(3) counts: 3 error, 4 warning, 6 info
    std::string text;
    bool operator==(const JournalLine &) const = default;
};

/** A unit of the machine. When the object goes away its processes are killed, and it is no more. */
class Unit {
public:
    /** `name` ends with the type: "web.service". */
    Unit(Machine &machine, std::string name, const std::string &text);
    ~Unit();
    Unit(const Unit &) = delete;
    Unit &operator=(const Unit &) = delete;

    /** systemctl start, stop, restart …: waits for the end of the job. */
    Ended Do(const std::string &verb) const;

    /** The same, without waiting. */
    void Begin(const std::string &verb) const;

    /** A property, as `systemctl show` spells it. */
    std::string Show(const std::string &property) const;

    /** Waits until it has this value; throws in time. */
    void WaitShow(const std::string &property, const std::string &value) const;

    /** The main process as this machine counts. */
    pid_t MainPid() const;

    /** What its processes wrote, so far. */
    std::vector<JournalLine> Journal() const;

    /** Waits for a line that has this in it; throws in time. */
    JournalLine WaitJournal(const std::string &part) const;

    /** How many lines have this in them. */
    size_t CountJournal(const std::string &part) const;

    /** All that is known, for a message. */
    std::string Describe() const;

private:
    Machine &machine;
    const std::string name;
};

/** A unit that runs clusterize: the lines of [Service] without ExecStart, and the arguments. */
std::string ServiceText(const std::string &service, const std::string &arguments);

} // namespace systemd
