#pragma once

#include "adopt/Adoption.hxx"
#include "adopt/Book.hxx"
#include "adopt/Decision.hxx"
#include "pool/WorkerRef.hxx"
#include "spawn/ChildDescriptors.hxx"

#include <optional>
#include <string>

namespace adopt {

/** What is known of one worker; its handlers share it. */
class AdopteeState {
public:
    /** `uid`: whom the worker was started as. */
    AdopteeState(Adoption &_adoption, const pool::WorkerRef &_worker, uid_t _uid)
        : adoption(_adoption), worker(_worker), uid(_uid) {}

    /** "worker 3 (slot 1)" */
    std::string Describe() const;

    /** What is known of the caller's socket; made if nothing is. */
    KnownSocket &Make(const Question &question);
    KnownSocket *Find(const Question &question) noexcept {
        return book.Find(question.caller.file.inode);
    }

    /** The kernel does it, and the socket is of this kind from now on. */
    Decision Keep(const Question &question, KnownSocket::Kind kind, const net::Endpoint &at);

    /** A listener, or a socket of the worker's own, at `at`: with the options of the caller's
     *  socket and with its ids. */
    net::ListenSpec MakeSpec(const Question &question, const net::Endpoint &at);

    /** The worker's socket of this listener, for a caller that asks to be at `at`; it gets the
     *  options of the one that it replaces. */
    Decision PutSeat(const Question &question, const net::Endpoint &at, net::Listener &listener);

    /** Of the caller; that of the worker if it cannot be read. */
    uid_t UidOf(const Question &question) const noexcept {
        return question.caller.ids ? question.caller.ids->uid : uid;
    }

    /** Adopted listeners that overlap `spec` are in the kernel's way, but not in that of a worker
     *  which does not hold them. Those that nobody holds, and that are only not closed yet, are
     *  closed; beside others of the same user the socket is bound with SO_REUSEPORT. nullopt: it
     *  is done. */
    std::optional<Decision> MakeRoom(const Question &question, net::ListenSpec &spec);

    /** The result of a bind(2) of the caller's socket to `at`. */
    KnownSocket Bound(const Question &question, KnownSocket::Kind kind, const net::Endpoint &at);

    /** Does a process of the worker hold a socket beside which the caller's may not be bound to
     *  `at`? Then the call fails, as it would alone, or that has to be found out. nullopt: no. */
    std::optional<Decision> CheckTaken(const Question &question, const net::Endpoint &at);

    /** The same for these sockets. Forgets those that nobody holds. */
    std::optional<Decision> CheckHeld(const Question &question, std::vector<std::uint64_t> inodes);

    /** The descriptors that the worker was handed, of these sockets. */
    Handed HandedOf(const std::vector<std::uint64_t> &inodes);

    /** Is it the number of one of them? */
    bool IsHandedNumber(int descriptor) const {
        return descriptor >= spawn::ChildDescriptors::FIRST &&
               descriptor < spawn::ChildDescriptors::FIRST +
                                static_cast<int>(adoption.table.Exports(worker.seat).size());
    }

    /** It listens there, by a call of its own. */
    void OnListening(net::Listener &listener, pool::How how = pool::How::ADOPTED);

    /** The worker listens on its own socket in place of the exclusive address `at`. */
    void OnListeningAlone(const net::Endpoint &at) noexcept;

    Adoption &adoption;
    const pool::WorkerRef worker;
    const uid_t uid;
    Book book;
    unsigned private_listens = 0; // how many it has made without a fixed port
};

} // namespace adopt
