#pragma once

#include "adopt/Adoption.hxx"
#include "adopt/HeldSearch.hxx"
#include "loop/TimerEvent.hxx"

#include <list>
#include <set>
#include <vector>

namespace adopt {

/** A worker that has bound an address by itself still has the descriptor of the same socket that it
 *  was handed. In a stop it closes its own, and the other one keeps the socket listening: clients
 *  would wait for nobody until the worker ends. This stops such a socket as soon as only handed
 *  descriptors of it are left, so that clients are refused as they would be alone. */
class LastClients {
public:
    explicit LastClients(Adoption &_adoption) noexcept;

    /** The cluster begins to stop, and the worker has bound this TCP socket. */
    void Add(unsigned worker, sys::Fd socket, const Handed &handed);

    /** All of them are known. */
    void Begin() noexcept;

    /** It has ended. If no worker is left that had a socket, that is closed. */
    void Gone(unsigned worker) noexcept;

private:
    struct Last {
        sys::UniqueFd socket;
        std::uint64_t inode;
        Handed handed;
        std::set<unsigned> workers; // that may listen there
    };

    void OnLook() noexcept;
    void OnHeld(std::optional<HeldSearch::Inodes> held) noexcept;

    Adoption &adoption;
    std::list<Last> sockets;
    std::vector<std::uint64_t> looked_for;
    loop::TimePoint begun; // the search
    HeldSearch search;
    loop::TimerEvent look;
};

} // namespace adopt
