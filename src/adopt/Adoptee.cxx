#include "adopt/Adoptee.hxx"
#include "adopt/Calls.hxx"
#include "adopt/CopyOptions.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"

#include <cerrno>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <utility>

namespace adopt {

Adoptee::Adoptee(Adoption &_adoption, const pool::WorkerRef &_worker, sys::UniqueFd _notify)
    : adoption(_adoption), worker(_worker), notify(std::move(_notify)),
      event(_adoption.loop, loop::Priority::MESSAGES,
            loop::FdEvent::Callback::Make<&Adoptee::OnReadable>(*this)) {
    event.Watch(notify.Descriptor(), EPOLLIN);
}

void Adoptee::OnReadable(std::uint32_t events) noexcept {
    if ((events & EPOLLIN) != 0) {
        if (const auto call = notify.Receive())
            Handle(*call);
    } else {
        event.Cancel(); // EPOLLHUP: no process is left that has the filter
    }
}

void Adoptee::Handle(const sys::Notification &call) noexcept {
    untold.reset();
    Answer answer;
    try {
        answer = FindAnswer(call);
    } catch (const net::OpenError &error) {
        adoption.reporter.Say(report::Level::DEBUG,
                              fmt::format("{}: {}", Describe(), error.what()));
        answer = Answer::Fail(error.Error());
    } catch (const std::system_error &error) { // the launcher has no descriptors left
        adoption.reporter.Say(report::Level::WARN, fmt::format("{}: {}", Describe(), error.what()));
        answer = Answer::Fail(error.code().value());
    }
    if (!Send(call, answer) || !untold)
        return;
    if (KnownSocket *known = book.Find(*untold))
        known->told = true;
}

Answer Adoptee::FindAnswer(const sys::Notification &call) {
    Caller caller = {call, sys::OtherProcess(call.tid), static_cast<int>(call.args[0])};
    switch (FindCall(call.arch, call.nr).value_or(Call::SETSOCKOPT)) {
    case Call::BIND:
        return Bind(caller);
    case Call::LISTEN:
        return Listen(caller);
    case Call::SETSOCKOPT:
        Record(caller);
        return {};
    }
    return {};
}

bool Adoptee::Send(const sys::Notification &call, const Answer &answer) noexcept {
    switch (answer.kind) {
    case Answer::Kind::CONTINUE:
        return notify.Continue(call.id);
    case Answer::Kind::RETURN:
        return notify.Return(call.id);
    case Answer::Kind::FAIL:
        return notify.Fail(call.id, answer.error);
    case Answer::Kind::NONE:
        break;
    }
    return false;
}

/** Finds out what the descriptor is; false: `otherwise` is the answer. */
bool Adoptee::Look(Caller &caller, Answer &otherwise) {
    auto file = caller.process.Look(caller.fd);
    if (!file) {
        otherwise = errno == EACCES || errno == EPERM ? Unreadable(errno) : Answer();
        return false;
    }
    const auto kind = FindKind(file->protocol);
    if (!kind)
        return false;
    caller.file = std::move(*file);
    caller.kind = *kind;
    return true;
}

/** The kernel does it as if there were no adoption. */
Answer Adoptee::Unreadable(int error) {
    adoption.WarnOfUnreadable(Describe(), error);
    return {};
}

/** Puts a socket of the launcher on the caller's descriptor, with the flags that its own had. */
Answer Adoptee::Put(Caller &caller, sys::Fd socket, KnownSocket known) {
    const std::uint64_t inode = net::InodeOf(socket);
    // All workers of a shared socket have the same flag: whoever set it after its listen would wait in accept
    // if the next worker took it away.
    const bool others = known.listener != nullptr && known.listener->IsShared() &&
                        adoption.table.IsServed(*known.listener);
    if (caller.file.nonblocking || !others)
        net::SetNonblocking(socket, caller.file.nonblocking);
    const int error = notify.Put(caller.call.id, socket, caller.fd, caller.file.close_on_exec);
    if (error == ENOENT)
        return {Answer::Kind::NONE};
    if (error != 0)
        return Answer::Fail(error);
    if (inode != caller.file.inode)
        book.Forget(caller.file.inode);
    KnownSocket &place = book.Make(inode);
    known.since = place.since;
    place = std::move(known);
    untold = inode;
    return {Answer::Kind::RETURN};
}

/** The worker's socket of this listener, for one that asks to be at `at`; it gets the options of the one that it replaces. */
Answer Adoptee::PutSlotSocket(Caller &caller, const net::Endpoint &at, net::Listener &listener) {
    KnownSocket known;
    known.kind = KnownSocket::Kind::SLOT;
    known.at = at;
    known.listener = &listener;
    if (const KnownSocket *before = book.Find(caller.file.inode))
        known.reuse_port = before->reuse_port;
    const sys::Fd socket = adoption.table.SocketOf(listener, worker.seat);
    net::SetOptions(socket, MakeSpec(caller, at).options);
    return Put(caller, socket, std::move(known));
}

/** A listener, or a socket of the worker's own, at `at`. */
net::ListenSpec Adoptee::MakeSpec(Caller &caller, const net::Endpoint &at) {
    net::ListenSpec spec;
    spec.origin = net::ListenSpec::Origin::ADOPTED;
    spec.at = at;
    spec.text = at.address.ToString();
    spec.nonblocking = caller.file.nonblocking;
    spec.options = CopyOptions(caller.process.Copy(caller.fd), caller.kind);
    if (const KnownSocket *known = book.Find(caller.file.inode))
        spec.options.insert(spec.options.end(), known->options.begin(), known->options.end());
    return spec;
}

std::string Adoptee::Describe() const {
    return fmt::format("worker {} (slot {})", worker.id, worker.slot);
}

} // namespace adopt
