#pragma once

#include "net/HeldPath.hxx"
#include "net/ListenSpec.hxx"
#include "net/Steering.hxx"
#include "net/UnixFile.hxx"

#include <deque>
#include <memory>
#include <vector>

namespace net {

/** One address that the cluster serves, with its sockets and who steers them. It belongs to the table,
 *  which alone changes it. */
class Listener {
public:
    const ListenSpec &Spec() const noexcept { return spec; }

    /** One socket for all slots. */
    bool IsShared() const noexcept { return shared; }

    /** A sibling has taken its place: it gets no connections, only its descriptors are still handed
     *  over. It comes back when a worker listens there after all. */
    bool IsRetired() const noexcept { return retired; }

    /** Some worker has listened there at some time. */
    bool WasServed() const noexcept { return was_served; }

    /** From the root, of a unix socket that has a file; empty for others. `Spec()` has it as it was written. */
    std::string Path() const { return path.IsDefined() ? path.At().ToString() : std::string(); }

    /** For people: the path, else the address. */
    std::string Where() const { return path.IsDefined() ? Path() : spec.at.address.ToString(); }

    bool IsServedBy(unsigned seat) const noexcept { return serving[seat]; }

    const Steering &GetSteering() const noexcept { return *steering; }

private:
    friend class ListenerTable;

    ListenSpec spec;
    bool shared = true;
    bool retired = false;
    bool was_served = false;
    std::unique_ptr<Steering> steering;
    std::deque<SlotSocket> sockets; // by slot; a shared listener has one
    std::vector<bool> active; // by slot: the set in force
    std::vector<bool> serving; // by slot: its worker listens here
    std::vector<bool>
        withheld; // by slot: out until another worker has it, or that one listens here
    unsigned serial = 0; // no other listener of the table has had it
    UnixFile file; // of a unix path that was asked for: removed at the end
    HeldPath path;
};

} // namespace net
