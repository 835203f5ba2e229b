#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace adopt {

/** What workers do not share although they bind it: `--exclusive`. Slot k gets port + k in place of a
 *  port, and the path with ".k" behind it in place of a path; slot 0 gets what it asks for. */
class Exclusives {
public:
    /** `PORT`, `0` (each worker has free ports of its own), `unix:PATH` or `unix:@NAME`. The same one
     *  twice counts once. Throws util::UserError with what would be right. */
    void Add(std::string_view text);

    bool IsEmpty() const noexcept { return ports.empty() && paths.empty(); }

    /** Has a slot an address that two processes cannot have at the same time? */
    bool HasFixed() const noexcept {
        return !paths.empty() ||
               std::any_of(ports.begin(), ports.end(), [](unsigned port) { return port != 0; });
    }

    /** Is this port, which may be 0, one of them? As a worker asks for it: the ports that the other
     *  slots get in its place are none. */
    bool HasPort(unsigned port) const noexcept { return ports.contains(port); }

    /** The same for a path, or "@NAME" in the abstract namespace. "./x" is "x"; a relative path is no
     *  absolute one. */
    bool HasPath(std::string_view path) const;

    const std::set<unsigned> &Ports() const noexcept { return ports; }
    const std::set<std::string> &Paths() const noexcept { return paths; }

private:
    std::set<unsigned> ports;
    std::set<std::string> paths; // normal form
};

} // namespace adopt
