#pragma once

#include "adopt/HeldSearch.hxx"
#include "adopt/ListenerClosing.hxx"
#include "loop/FdEvent.hxx"
#include "loop/TimerEvent.hxx"
#include "pool/WorkerRef.hxx"

#include <list>
#include <vector>

namespace adopt {

/** Sees that a worker has closed its listening socket and lives on. The launcher has the same
 *  socket, so the kernel goes on giving it connections, and nothing tells the launcher of a close.
 *  But nobody takes such a connection. One that has waited for 100 ms, while none was taken, is a
 *  reason to look whether a process below the launcher holds the socket. If none does, the seat
 *  gets no connections any more. If none holds any socket of an adopted listener, that is closed.
 *
 *  A socket is watched from the listen(2) of its worker on. Connections wake the launcher at most
 *  three times a second for each socket. */
class ClosedSockets {
public:
    /** Both are borrowed. */
    ClosedSockets(Adoption &_adoption, ListenerClosing &_closing) noexcept;
    ~ClosedSockets() noexcept;

    ClosedSockets(const ClosedSockets &) = delete;
    ClosedSockets &operator=(const ClosedSockets &) = delete;

    /** The worker listens there, by a call of its own. */
    void Watch(const pool::WorkerRef &worker, net::Listener &listener, const Handed &handed);

    /** The worker has ended: its clients wait for the next one. */
    void Gone(const pool::WorkerRef &worker) noexcept;

    /** The listener is about to go. */
    void Forget(const net::Listener &listener) noexcept;

    /** The cluster stops. */
    void End() noexcept;

private:
    enum class State : std::uint8_t {
        ARMED, // no connection has come
        ARRIVED, // one has
        WAITING, // it waits
        SUSPECT, // none has been taken: a search is due
        SEARCHED, // and under way
        RESTING, // armed again after a while
    };

    struct Watched;

    void OnTimer() noexcept;
    void Step(Watched &one) noexcept;
    void Ring() noexcept;
    void Search() noexcept;
    void OnHeld(std::optional<HeldSearch::Inodes> held) noexcept;

    Adoption &adoption;
    ListenerClosing &closing;
    std::list<Watched> sockets;
    std::uint64_t search_began = 0; // Adoption::Moment()
    HeldSearch search;
    loop::TimerEvent timer;
    bool over = false;
};

} // namespace adopt
