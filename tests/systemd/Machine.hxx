#pragma once

#include "ControlGroups.hxx"
#include "harness/Harness.hxx"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace systemd {

using namespace harness;

/**
 * A machine that systemd-nspawn(1) boots: systemd and journald of this one, whose /usr it reads,
 * with a root directory, processes, network and control groups of its own. It is off when this
 * object is gone; if the test ends without that, the kernel ends all of its processes.
 *
 * The program under test and the programs of tests/process are in its /opt.
 */
class Machine {
public:
    /** The one of this test program, which is booted when it is asked for first. TEST_HIERARCHY
     *  (v1 or v2) names its control groups. Throws if it does not come up. */
    static Machine &Get();

    ~Machine();
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;

    /** Why it could not be booted here; empty: it runs. */
    const std::string &Lacks() const noexcept { return lacks; }

    /** Its process 1, as this machine counts. */
    pid_t Init() const noexcept { return init; }

    Hierarchy GetHierarchy() const noexcept { return hierarchy; }

    /** A path of the machine as this machine can open it. */
    std::string Path(const std::string &inside) const;

    /** Writes a file of the machine. */
    void Write(const std::string &inside, const std::string &text) const;

    /** Runs a program in it to its end. */
    Result Run(std::vector<std::string> argv) const;

    /** The same; throws unless it ends with 0. Standard output without the last newline. */
    std::string Say(std::vector<std::string> argv) const;

private:
    Machine();
    void MakeRoot() const;
    void Boot();

    const Hierarchy hierarchy;
    TempDir root;
    std::optional<ControlGroups> groups;
    std::unique_ptr<Process> nspawn;
    pid_t init = 0;
    std::string lacks, failure;
};

} // namespace systemd

/** The machine as `machine`; leaves the test case if none can be booted here. */
#define SYSTEMD_MACHINE(machine)                                                                   \
    ::systemd::Machine &machine = ::systemd::Machine::Get();                                       \
    if (!machine.Lacks().empty())                                                                  \
    HARNESS_SKIP(machine.Lacks())
