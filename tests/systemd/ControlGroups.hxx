#pragma once

#include <string>
#include <vector>

namespace systemd {

/** Which control groups the service manager of a machine sees: the controllers of version 1 and a
 *  tree of version 2 beside them ("hybrid"), or version 2 alone. */
enum class Hierarchy { V1, V2 };

/** New control groups below those of this process, in each hierarchy that a service manager keeps
 *  processes in. They are removed with this object, with the groups below them. */
class ControlGroups {
    std::vector<std::string> paths;

public:
    /** The name of the hierarchies' directory is chosen by this process. Throws
     *  std::system_error. */
    ControlGroups();
    ~ControlGroups();
    ControlGroups(const ControlGroups &) = delete;
    ControlGroups &operator=(const ControlGroups &) = delete;

    /** The calling process moves there. */
    void Enter() const;

    /** This kernel's arrangement allows a machine with this one. */
    static bool Has(Hierarchy hierarchy);
};

} // namespace systemd
