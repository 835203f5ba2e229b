#pragma once

#include "adopt/AdopteeState.hxx"
#include "adopt/BindHandler.hxx"
#include "adopt/Decision.hxx"
#include "adopt/LastClients.hxx"
#include "adopt/ListenHandler.hxx"
#include "adopt/PathHandler.hxx"
#include "loop/FdEvent.hxx"
#include "sys/SeccompNotify.hxx"

#include <optional>

namespace adopt {

/** Answers the calls of one worker, of all its processes and threads, one after the other. The
 *  steps of a call:
 *
 *      receive ─> Snapshot, an errand ─> a handler decides ─> answer
 *                                          │        ^
 *                                          v        │
 *                            an errand: search, bind a path, put a descriptor
 *
 *  The launcher waits for none of them. An errand that is late makes the call fail with EAGAIN. A
 *  call that was to be adopted is never continued: the kernel would read its address again. A call
 *  that a signal interrupts comes again (ENOENT, seccomp_unotify(2)), so every answer can be given
 *  twice. */
class Adoptee {
public:
    /** `uid`: whom the worker was started as. Throws std::system_error. */
    Adoptee(Adoption &_adoption, const pool::WorkerRef &_worker, uid_t _uid, sys::UniqueFd _notify);
    ~Adoptee() noexcept;

    Adoptee(const Adoptee &) = delete;
    Adoptee &operator=(const Adoptee &) = delete;

    const pool::WorkerRef &Worker() const noexcept { return state.worker; }

    /** The cluster begins to stop: adds the sockets that were asked for and that the worker has
     *  bound by itself. */
    void AddBound(LastClients &clients);

    /** The listener is about to go. */
    void Forget(const net::Listener &listener) noexcept { state.book.Forget(listener); }

private:
    using Ticket = loop::Errands::Ticket;
    static constexpr std::size_t FIRST_PRUNE = 512;

    void OnReadable(std::uint32_t events) noexcept;
    void Ask() noexcept;
    void OnSnapshot(Ticket ticket, loop::Errands::Answer answer) noexcept;
    void Decide() noexcept;
    Decision FindDecision();
    Decision DecideBind();
    void Record();
    void Act(Decision decision) noexcept;
    void OnSearched(std::optional<HeldSearch::Inodes> held) noexcept;
    void BindPath(const Decision &decision) noexcept;
    void OnPath(Ticket ticket, loop::Errands::Answer answer) noexcept;
    void Put() noexcept;
    void OnPut(Ticket ticket, const loop::Errands::Answer &answer) noexcept;
    void Place(bool told);
    void Answer(Decision::Kind kind, int error = 0) noexcept;
    void FailLate(int error) noexcept;
    void Send(sys::Elsewhere::Function function, sys::Parcel request,
              loop::Errands::Done done) noexcept;
    void EndBinding() noexcept;
    void Prune();
    void OnPruned(std::optional<HeldSearch::Inodes> held) noexcept;

    Adoption &adoption;
    AdopteeState state;
    BindHandler binds;
    PathHandler paths;
    ListenHandler listens;
    sys::SeccompNotify notify;
    std::optional<sys::Notification> call; // that is being answered
    std::optional<Question> question;
    Decision under_way; // what is being done for it
    HeldSearch search, prune;
    std::vector<std::uint64_t> pruned; // sockets that it looks for
    std::uint64_t prune_began = 0; // Book::Now()
    std::size_t prune_at = FIRST_PRUNE; // sockets in the book
    std::optional<std::uint64_t> untold; // the socket that the call makes
    std::optional<PathQueue::Key> binding; // a path that others wait for
    Ticket ticket = 0;
    loop::FdEvent event;
};

} // namespace adopt
