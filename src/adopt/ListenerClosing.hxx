#pragma once

#include "adopt/Adoption.hxx"
#include "adopt/HeldSearch.hxx"
#include "loop/TimerEvent.hxx"
#include "pool/WorkerRef.hxx"

#include <map>
#include <optional>
#include <vector>

namespace adopt {

/** Closes the adopted listeners that nobody needs any more, each for itself: no process below the
 *  launcher holds a socket of it, and no slot whose worker had it is between two workers. Such a
 *  slot is waited for, one minute at most, so that clients reach its next worker. */
class ListenerClosing {
public:
    /** Borrows the adoption. */
    explicit ListenerClosing(Adoption &_adoption) noexcept;

    /** Something has changed after which a listener may be held by nobody. */
    void Changed() noexcept;

    void Started(const pool::WorkerRef &worker) { workers.insert_or_assign(worker.slot, worker); }
    void Gone(const pool::WorkerRef &worker) noexcept;
    void Forget(const net::Listener &listener) noexcept;

    /** Nothing is left of the worker. A unix socket of its slot alone is closed at once: programs
     *  find out by connect(2) whether another one serves their path, and the next worker must be
     *  refused there, as it would be alone. */
    void Cleared(const pool::WorkerRef &worker) noexcept;

    /** A next worker of a slot that had it may listen there again. */
    bool IsWanted(const net::Listener &listener) noexcept;

private:
    void OnLook() noexcept;
    void OnHeld(std::optional<HeldSearch::Inodes> held) noexcept;
    bool IsBetweenWorkers(unsigned slot) const noexcept;

    Adoption &adoption;
    std::map<unsigned, pool::WorkerRef> workers; // by slot: the latest one, if it lives
    std::map<const net::Listener *, loop::TimePoint> unheld; // since then
    std::vector<net::Listener *> candidates; // of the search
    std::size_t skipped = 0; // listeners that other searches look for
    loop::TimePoint begun;
    std::uint64_t search_began = 0; // Adoption::Moment()
    loop::TimePoint::duration pause;
    HeldSearch search;
    loop::TimerEvent look;
};

} // namespace adopt
