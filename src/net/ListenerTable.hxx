#pragma once

#include "net/ListenSpec.hxx"
#include "net/Steering.hxx"
#include "net/UnixFile.hxx"

#include <deque>
#include <memory>
#include <vector>

namespace net {

/** One address that the cluster serves, with its sockets and who steers them. */
class Listener {
public:
    const ListenSpec &Spec() const noexcept { return spec; }

    /** One socket for all slots. */
    bool IsShared() const noexcept { return shared; }
    const Steering &GetSteering() const noexcept { return *steering; }

private:
    friend class ListenerTable;

    ListenSpec spec;
    bool shared = true;
    std::unique_ptr<Steering> steering;
    std::deque<SlotSocket> sockets; // by slot; a shared listener has one
    std::vector<bool> active; // by slot: the set in force, or empty where the last one has left it
    bool presumed = true; // no worker was ready yet: all count as active that have not died
    UnixFile file;
};

/** What a worker is handed: in the order asked for, for descriptors 3, 4, … */
struct Exported {
    const Listener *listener;
    sys::Fd socket;
};

/** Opens and owns every listening socket of the cluster; the only one that tells the steering. */
class ListenerTable {
public:
    /** `policy` is borrowed. */
    ListenerTable(const SteeringPolicy &_policy, unsigned _slots) noexcept
        : policy(_policy), slots(_slots) {}

    /** Opens the address with all its slot sockets, all of them active. The same address a second time
     *  is refused. Throws util::UserError; then nothing of it is left. */
    Listener &Open(const ListenSpec &spec);

    Listener *Find(const Endpoint &endpoint) noexcept;
    const std::deque<Listener> &Listeners() const noexcept { return listeners; }

    std::vector<Exported> Exports(unsigned slot) const;

    /** The slot has a worker that is ready: new connections go to it on every listener. The first one
     *  ends the time in which all slots are taken for active. */
    void Activate(unsigned slot) noexcept { SetActive(slot, true); }

    /** It has none. What waits in its queues waits for the next worker; where no slot is left the last
     *  set stays in force, so that clients wait rather than being refused. */
    void Deactivate(unsigned slot) noexcept { SetActive(slot, false); }

    /** The cluster stops: closes the launcher's copies and removes the files of unix sockets, so that
     *  clients are refused as soon as the workers close theirs. */
    void LetGo() noexcept;

private:
    static void OpenGroup(Listener &listener, unsigned slots);
    static void OpenShared(Listener &listener);
    void SetActive(unsigned slot, bool active) noexcept;

    const SteeringPolicy &policy;
    const unsigned slots;
    std::deque<Listener> listeners; // addresses stay valid
    bool let_go = false;
};

} // namespace net
