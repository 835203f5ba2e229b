#pragma once

#include "adopt/Adoption.hxx"
#include "adopt/Book.hxx"
#include "adopt/SocketKind.hxx"
#include "loop/FdEvent.hxx"
#include "pool/Agent.hxx"
#include "sys/SeccompNotify.hxx"

#include <optional>

namespace adopt {

/** What is answered to a call. */
struct Answer {
    enum class Kind : std::uint8_t {
        CONTINUE, // the kernel does it with what the worker has
        RETURN, // it has been done: 0
        FAIL, // `error` is its errno
        NONE, // the call is gone
    } kind = Kind::CONTINUE;
    int error = 0;

    static Answer Fail(int error) noexcept { return {Kind::FAIL, error}; }
};

/** Answers the calls of one worker, of all its processes and threads, one a turn of the loop. What a call
 *  says is read first, then it is looked whether the call is still there, then it is answered: never by letting the kernel
 *  read again what was to be adopted. A call that a signal interrupts comes again (ENOENT, seccomp_unotify(2)), so
 *  every answer can be given twice. */
class Adoptee {
public:
    /** Throws std::system_error. */
    Adoptee(Adoption &_adoption, const pool::WorkerRef &_worker, sys::UniqueFd _notify);

    void Forget(const net::Listener &listener) noexcept { book.Forget(listener); }

private:
    /** A call with what was found out about it. */
    struct Caller {
        const sys::Notification &call;
        sys::OtherProcess process;
        int fd;
        sys::OpenFile file = {};
        SocketKind kind = {};
    };

    void OnReadable(std::uint32_t events) noexcept;
    void Handle(const sys::Notification &call) noexcept;
    Answer FindAnswer(const sys::Notification &call);
    bool Send(const sys::Notification &call, const Answer &answer) noexcept;
    bool Look(Caller &caller, Answer &otherwise);
    Answer Unreadable(int error);

    // AdopteeBind.cxx
    void Record(const Caller &caller);
    Answer Bind(Caller &caller);
    std::optional<net::Endpoint> ReadEndpoint(Caller &caller, Answer &otherwise);
    Answer BindInet(Caller &caller, const net::Endpoint &at);
    Answer BindUnix(Caller &caller, const net::Endpoint &at);
    Answer BindExclusivePath(Caller &caller, net::ListenSpec spec);
    Answer BindExclusive(Caller &caller, const net::Endpoint &at);
    Answer BindAsked(Caller &caller, const net::Endpoint &at, net::Listener &listener);
    Answer BindPlaceholder(Caller &caller, const net::Endpoint &at);
    bool IsTaken(const Caller &caller, const net::Endpoint &at);

    // AdopteeListen.cxx
    Answer Listen(Caller &caller);
    Answer ListenPrivate(Caller &caller, KnownSocket *known);
    Answer ListenPlaceholder(Caller &caller, const KnownSocket &known);
    Answer ListenAgain(const Caller &caller, const KnownSocket &known);
    Answer TakeSlotSocket(Caller &caller, net::Endpoint at, net::Listener &listener);
    void OnListening(net::Listener &listener, bool adopted = true);

    Answer Put(Caller &caller, sys::Fd socket, KnownSocket known);
    Answer PutSlotSocket(Caller &caller, const net::Endpoint &at, net::Listener &listener);
    net::ListenSpec MakeSpec(Caller &caller, const net::Endpoint &at);
    int Backlog(const Caller &caller) const noexcept;
    std::string Describe() const;

    Adoption &adoption;
    const pool::WorkerRef worker;
    sys::SeccompNotify notify;
    Book book;
    unsigned private_listens = 0; // how many it has made without a fixed port
    std::optional<std::uint64_t> untold; // the socket that the call being answered makes
    loop::FdEvent event;
};

} // namespace adopt
