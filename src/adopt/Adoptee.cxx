#include "adopt/Adoptee.hxx"
#include "adopt/CallerErrands.hxx"
#include "adopt/Calls.hxx"
#include "adopt/Packed.hxx"
#include "net/NamesFile.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace adopt {

namespace {

/** Longer than a busy machine needs; the calls of other workers do not wait meanwhile. */
constexpr std::chrono::milliseconds LATE{1000};

/** By the slot: a worker that starts again and again owes what those before it did. */
unsigned ClientOf(const pool::WorkerRef &worker) noexcept {
    return worker.slot + 1;
}

} // namespace

Adoptee::Adoptee(Adoption &_adoption, const pool::WorkerRef &_worker, uid_t _uid,
                 sys::UniqueFd _notify)
    : adoption(_adoption), state(_adoption, _worker, _uid), binds(state), paths(state),
      listens(state), notify(std::move(_notify)),
      search(_adoption.loop, _adoption.errands, ClientOf(_worker), HeldSearch::Pace::AT_ONCE,
             HeldSearch::Done::Make<&Adoptee::OnSearched>(*this)),
      prune(_adoption.loop, _adoption.errands, HeldSearch::NOBODY, HeldSearch::Pace::IN_BACKGROUND,
            HeldSearch::Done::Make<&Adoptee::OnPruned>(*this)),
      event(_adoption.loop, loop::Priority::MESSAGES,
            loop::FdEvent::Callback::Make<&Adoptee::OnReadable>(*this)) {
    event.Watch(notify.Descriptor(), EPOLLIN | EPOLLONESHOT);
}

Adoptee::~Adoptee() noexcept {
    adoption.errands.Cancel(ticket);
    adoption.paths.Leave(this);
    if (under_way.known.listener != nullptr)
        adoption.Placed(*under_way.known.listener);
    EndBinding();
}

void Adoptee::OnReadable(std::uint32_t events) noexcept {
    if ((events & EPOLLIN) == 0) {
        event.Cancel(); // EPOLLHUP: no process is left that has the filter
        return;
    }
    call = notify.Receive();
    if (call)
        Ask();
    else
        event.WatchAgain(EPOLLIN | EPOLLONESHOT);
}

void Adoptee::Ask() noexcept {
    question.reset();
    untold.reset();
    Send(&Snapshot::Read,
         Snapshot::Request(*call, adoption.HasDomain(),
                           adoption.OpensItself()
                               ? sys::OtherProcess(call->tid).Open(static_cast<int>(call->args[0]))
                               : sys::ProcessHandles()),
         loop::Errands::Done::Make<&Adoptee::OnSnapshot>(*this));
}

void Adoptee::OnSnapshot(Ticket, loop::Errands::Answer answer) noexcept {
    ticket = 0;
    if (answer.error != 0) {
        FailLate(answer.error);
        return;
    }
    auto caller = Snapshot::Take(notify, *call, std::move(answer.parcel));
    if (!caller) {
        Answer(Decision::Kind::NONE);
        return;
    }
    question.emplace();
    question->caller = std::move(*caller);
    Decide();
}

void Adoptee::Decide() noexcept {
    Decision decision;
    try {
        decision = FindDecision();
    } catch (const net::OpenError &error) {
        adoption.reporter.Say(report::Level::DEBUG,
                              fmt::format("{}: {}", state.Describe(), error.what()));
        decision = Decision::Fail(error.Error());
    } catch (const std::system_error &error) { // the launcher has no descriptors left
        adoption.reporter.Say(report::Level::WARN,
                              fmt::format("{}: {}", state.Describe(), error.what()));
        decision = Decision::Fail(error.code().value());
    }
    Act(std::move(decision));
}

Decision Adoptee::FindDecision() {
    const Snapshot &caller = question->caller;
    if (caller.refused != 0) {
        adoption.WarnOfUnreadable(state.Describe(), caller.refused);
        return Decision::Continue();
    }
    const auto which = FindCall(call->arch, call->nr).value_or(Call::SETSOCKOPT);
    if (which == Call::SETSOCKOPT) {
        Record();
        return Decision::Continue();
    }
    if (which == Call::BIND && caller.address.error == EFAULT)
        return Decision::Fail(EFAULT);
    if (caller.kind.family == 0)
        return Decision::Continue();
    if (adoption.IsConfined(caller, state.Describe()))
        return Decision::Continue();
    // To put another socket in its place would end the connection.
    if (caller.is_connected && caller.kind.family == AF_UNIX && which == Call::BIND)
        return Decision::Continue(); // which names a unix socket
    if (caller.is_connected)
        return Decision::Fail(EINVAL);
    return which == Call::BIND ? DecideBind() : listens.Decide(*question);
}

Decision Adoptee::DecideBind() {
    const Snapshot &caller = question->caller;
    if (!caller.address.address || caller.address.address->Family() != caller.kind.family)
        return Decision::Continue();
    const KnownSocket *known = state.Find(*question);
    net::Endpoint at;
    at.type = caller.kind.type;
    at.protocol = caller.kind.protocol;
    at.address = *caller.address.address;
    if (at.address.Family() == AF_INET6 && at.address.IsWildcard())
        at.both_families =
            !(known != nullptr && known->v6only ? *known->v6only : adoption.V6OnlyByDefault());
    if (known != nullptr && known->kind != KnownSocket::Kind::PRIVATE &&
        known->kind != KnownSocket::Kind::OWN) {
        // Bound already, which the kernel refuses, unless it is this call that comes again.
        untold = caller.file.inode;
        return known->at == at && !known->told ? Decision::Return() : Decision::Fail(EINVAL);
    }
    if (caller.is_bound) // whatever is known of it
        return Decision::Fail(EINVAL);
    adoption.Changed();
    return net::NamesFile(at.address) ? paths.Decide(*question, at) : binds.Decide(*question, at);
}

/** An option that decides how the socket is opened, or that has to be set again on the one that
 *  replaces it. */
void Adoptee::Record() {
    if (!question->caller.value)
        return;
    const int value = *question->caller.value;
    const auto level = static_cast<int>(call->args[1]);
    const auto name = static_cast<int>(call->args[2]);
    KnownSocket &known = state.Make(*question);
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
        known.v6only = value != 0;
    } else if (level == SOL_SOCKET) {
        known.reuse_port = value != 0;
    } else {
        std::erase_if(known.options, [level, name](const net::SocketOption &option) {
            return option.level == level && option.name == name;
        });
        std::string bytes(sizeof(value), '\0');
        std::memcpy(bytes.data(), &value, sizeof(value));
        known.options.push_back({level, name, std::move(bytes)});
    }
}

void Adoptee::Act(Decision decision) noexcept {
    under_way = std::move(decision);
    switch (under_way.kind) {
    case Decision::Kind::PUT:
        Put();
        return;
    case Decision::Kind::SEARCH: {
        const pid_t root = under_way.below_launcher ? getpid() : state.worker.pid;
        question->search_began = adoption.Moment();
        search.Start(root, !under_way.below_launcher, under_way.below_launcher ? 0 : call->tid,
                     under_way.sockets, state.HandedOf(under_way.sockets));
        return;
    }
    case Decision::Kind::BIND_PATH:
        BindPath(under_way);
        return;
    case Decision::Kind::WAIT:
        adoption.paths.Wait(this, util::Bind<&Adoptee::Decide>(*this));
        return;
    default:
        Answer(under_way.kind, under_way.error);
    }
}

void Adoptee::OnSearched(std::optional<HeldSearch::Inodes> held) noexcept {
    // What is unknown counts as held.
    if (!held)
        held.emplace(under_way.sockets.begin(), under_way.sockets.end());
    (under_way.below_launcher ? question->held_below_launcher : question->held_by_worker) =
        std::move(held);
    Decide();
}

void Adoptee::BindPath(const Decision &decision) noexcept {
    const net::NameInDirectory &name = question->caller.path.name;
    if (decision.hold) {
        binding = PathQueue::KeyOf(name);
        adoption.paths.Begin(*binding);
    }
    Send(&adopt::BindPath,
         BindPathRequest(decision.spec, std::move(question->caller.directory), decision.hold),
         loop::Errands::Done::Make<&Adoptee::OnPath>(*this));
}

void Adoptee::OnPath(Ticket, loop::Errands::Answer answer) noexcept {
    ticket = 0;
    if (answer.error != 0) {
        FailLate(answer.error);
    } else {
        question->path = ReadPathResult(std::move(answer.parcel));
        Decide();
    }
    EndBinding();
}

void Adoptee::EndBinding() noexcept {
    if (binding)
        adoption.paths.End(*std::exchange(binding, std::nullopt));
}

/** Puts a socket of the launcher on the caller's descriptor, with the flags that its own had. */
void Adoptee::Put() noexcept {
    const net::Listener *listener = under_way.known.listener;
    if (listener != nullptr)
        adoption.Placing(*listener);
    untold = net::InodeOf(under_way.socket);
    sys::UniqueFd copy = sys::Duplicate(notify.Descriptor());
    if (!copy.IsDefined()) {
        OnPut(0, {errno, {}});
        return;
    }
    Send(&adopt::Put,
         PutRequest(question->caller, std::move(copy), std::move(under_way.socket),
                    under_way.options, under_way.restore ? &listener->Sockets().Held() : nullptr),
         loop::Errands::Done::Make<&Adoptee::OnPut>(*this));
}

void Adoptee::OnPut(Ticket, const loop::Errands::Answer &answer) noexcept {
    ticket = 0;
    net::Listener *listener = under_way.known.listener;
    const PutResult result = ReadPutResult(answer.parcel);
    if (answer.error != 0) {
        FailLate(answer.error);
    } else if (result.path_error != 0) {
        // Without a second name nobody can reach the listener any more.
        Answer(Decision::Kind::FAIL, result.path_error == ENOENT ? EADDRINUSE : result.path_error);
    } else if (result.error == ENOENT) {
        Answer(Decision::Kind::NONE);
    } else if (result.error != 0) {
        Answer(Decision::Kind::FAIL, result.error);
    } else {
        const net::Endpoint at = under_way.known.at;
        Place(result.returned);
        if (under_way.listens && listener != nullptr)
            state.OnListening(*listener);
        else if (under_way.listens)
            state.OnListeningAlone(at);
        Answer(Decision::Kind::NONE); // the errand has given it
    }
    if (listener != nullptr)
        adoption.Placed(*listener);
    under_way = {};
}

/** The caller's descriptor is the socket now. */
void Adoptee::Place(bool told) {
    if (!under_way.text.empty())
        adoption.reporter.Say(report::Level::DEBUG,
                              fmt::format("{}: {}", state.Describe(), under_way.text));
    if (under_way.known.listener != nullptr)
        adoption.Used(*under_way.known.listener, state.worker.slot);
    // What was there before is not forgotten: another process may hold it, and listen there, too.
    if (KnownSocket *before = state.Find(*question))
        before->became = *untold;
    KnownSocket &place = state.book.Make(*untold);
    under_way.known.since = place.since;
    under_way.known.exceptions = std::move(place.exceptions);
    if (const Snapshot &caller = question->caller;
        caller.ids && state.IsHandedNumber(caller.Descriptor()))
        under_way.known.exceptions.push_back(
            {caller.ids->process, static_cast<unsigned>(caller.Descriptor())});
    under_way.known.told = told;
    place = std::move(under_way.known);
    Prune();
}

void Adoptee::AddBound(LastClients &clients) {
    for (const std::uint64_t inode : state.book.Inodes()) {
        const KnownSocket &known = *state.book.Find(inode);
        if (known.kind == KnownSocket::Kind::SEAT && known.at.type == SOCK_STREAM &&
            known.at.address.Family() != AF_UNIX &&
            known.listener->Spec().origin == net::ListenSpec::Origin::ASKED)
            clients.Add(state.worker.id, known.listener->SocketOf(state.worker.seat),
                        state.HandedOf({inode}));
    }
}

/** Forgets sockets that were closed, before the book forgets the oldest. */
void Adoptee::Prune() {
    if (state.book.Size() < prune_at || prune.IsUnderWay())
        return;
    prune_began = state.book.Now();
    pruned = state.book.Inodes();
    pruned.resize(std::min(pruned.size(), HeldSearch::MOST_SOCKETS));
    prune.Start(getpid(), false, 0, pruned);
}

void Adoptee::OnPruned(std::optional<HeldSearch::Inodes> held) noexcept {
    if (held)
        for (const std::uint64_t inode : pruned)
            if (const KnownSocket *known = state.book.Find(inode);
                known != nullptr && known->since < prune_began && !held->contains(inode))
                state.book.Forget(inode);
    pruned.clear();
    prune_at = std::max(FIRST_PRUNE, 2 * state.book.Size());
}

void Adoptee::Answer(Decision::Kind kind, int error) noexcept {
    bool sent = false;
    if (kind == Decision::Kind::CONTINUE)
        sent = notify.Continue(call->id);
    else if (kind == Decision::Kind::RETURN)
        sent = notify.Return(call->id);
    else if (kind == Decision::Kind::FAIL)
        sent = notify.Fail(call->id, error);
    if (KnownSocket *known = sent && untold ? state.book.Find(*untold) : nullptr)
        known->told = true;
    call.reset();
    question.reset();
    event.WatchAgain(EPOLLIN | EPOLLONESHOT);
}

/** An option that cannot be read is the kernel's affair, an address never. */
void Adoptee::FailLate(int error) noexcept {
    adoption.reporter.Say(report::Level::DEBUG,
                          fmt::format("{}: a call cannot be answered in time: {}", state.Describe(),
                                      sys::ErrnoText(error)));
    if (FindCall(call->arch, call->nr).value_or(Call::SETSOCKOPT) == Call::SETSOCKOPT)
        Answer(Decision::Kind::CONTINUE);
    else
        Answer(Decision::Kind::FAIL, EAGAIN);
}

void Adoptee::Send(sys::Elsewhere::Function function, sys::Parcel request,
                   loop::Errands::Done done) noexcept {
    ticket =
        adoption.errands.Send({ClientOf(state.worker), function, std::move(request), LATE, done});
}

} // namespace adopt
