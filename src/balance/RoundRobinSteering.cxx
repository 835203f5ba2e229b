#include "balance/RoundRobinSteering.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <sys/socket.h>
#include <system_error>

namespace balance {

namespace {

constexpr std::string_view QUEUE_AWARE = "kernel, queue-aware", PLAIN = "kernel, plain",
                           FLOW_HASH = "flow hash", QUEUE_WATCH = "queue watch";

Kind KindOf(int type) noexcept {
    return type == SOCK_DGRAM ? Kind::FLOW : Kind::ROUND_ROBIN;
}

Choice ChoiceOf(int type) noexcept {
    return type == SOCK_DGRAM ? Choice::FLOW : Choice::RANDOM;
}

std::string_view NameOf(int type, bool reads_queues) noexcept {
    if (type == SOCK_DGRAM)
        return FLOW_HASH;
    return reads_queues ? QUEUE_AWARE : PLAIN;
}

/** Without a program of the kernel's own. */
std::string_view NameWithout(int type) noexcept {
    return type == SOCK_DGRAM ? CLASSIC_BPF : QUEUE_WATCH;
}

} // namespace

bool RoundRobinSteering::IsInGroup(const net::Seat &socket) const noexcept {
    return type == SOCK_DGRAM || net::IsListening(socket.socket);
}

RoundRobinSteering::RoundRobinSteering(const net::ListenSpec &_spec, loop::Loop &_loop,
                                       Loader &_loader,
                                       util::BoundMethod<void(const net::Steering &)> _settled)
    : spec(_spec), type(_spec.at.type), loop(_loop), loader(_loader), settled(_settled) {
    classic.emplace(spec, ChoiceOf(type));
}

RoundRobinSteering::~RoundRobinSteering() noexcept {
    loader.Cancel(*this);
    if (reserved)
        loader.Release();
}

void RoundRobinSteering::Joined(const net::Seat &socket) {
    members.push_back(&socket);
    if (kernel) {
        int error = kernel->Put(socket);
        if (error == 0)
            error =
                kernel->Attach(spec, socket); // it may be the first of a group without a program
        if (error != 0)
            FallBack(error);
        return;
    }
    classic->Joined(socket);
    if (watch)
        WatchOver(std::array{&socket});
}

void RoundRobinSteering::Left(const net::Seat &socket) noexcept {
    const auto place = std::find(members.begin(), members.end(), &socket);
    if (place == members.end())
        return;
    *place = members.back();
    members.pop_back();
    if (classic)
        classic->Left(socket);
    if (watch)
        watch->Leave(socket);
}

void RoundRobinSteering::SetActive(std::span<const net::Seat *const> _active) noexcept {
    active.assign(_active.begin(), _active.end());
    if (kernel) {
        kernel->SetActive(active);
    } else if (watch) {
        watch->SetActive(active);
        classic->SetActive(watch->Keeping());
    } else {
        classic->SetActive(active);
    }
    if (!begun)
        Begin();
}

void RoundRobinSteering::Begin() noexcept {
    begun = true;
    if (!loader.Rights().may_load) {
        lacks = loader.Rights().lacks;
        Watch();
        return;
    }
    if (!reserved && !loader.Reserve()) {
        lacks = fmt::format("{} other listeners have programs in the kernel, which is the most",
                            Loader::MOST_PROGRAMS);
        Watch();
        return;
    }
    reserved = true;
    loading = true;
    loader.Request(KindOf(type), *this);
}

void RoundRobinSteering::OnLoaded(Loaded loaded) noexcept {
    loading = false;
    begun = !members.empty(); // a listener that nobody needs now begins anew when one does
    if (!begun || !members.front()->socket.IsDefined())
        return;
    lacks = std::move(loaded.lacks);
    if (!loaded.program.program.IsDefined())
        Watch();
    else if (const int error = Enter(std::move(loaded.program)); error != 0)
        FallBack(error);
    settled(*this);
}

/** The program takes over. Returns 0, or errno: then it is as it was. A socket that a worker has
 *  shut down is no member of the group; it joins when it listens again. */
int RoundRobinSteering::Enter(KernelProgram program) {
    try {
        kernel.emplace(std::move(program));
    } catch (const std::system_error &error) {
        return error.code().value();
    }
    kernel->SetActive(active);
    const net::Seat *one = nullptr;
    int error = 0;
    for (const net::Seat *member : members) {
        if (error != 0 || !IsInGroup(*member))
            continue;
        error = kernel->Put(*member);
        one = member;
    }
    if (error == 0 && one != nullptr)
        error = kernel->Attach(spec, *one); // all at once, when all are there
    if (error == 0)
        classic.reset();
    else
        kernel.reset();
    return error;
}

/** The kernel's program cannot have this group, or not any more. */
void RoundRobinSteering::FallBack(int error) noexcept {
    const bool was_in_charge = kernel.has_value();
    lacks =
        fmt::format("the kernel's program cannot steer these sockets: {}", sys::ErrnoText(error));
    kernel.reset();
    if (!classic) {
        classic.emplace(spec, ChoiceOf(type));
        for (const net::Seat *member : members)
            classic->Joined(*member);
        classic->SetActive(active);
    }
    Watch();
    if (was_in_charge)
        settled(*this);
}

/** Connections go at random, but only to workers that keep up. */
void RoundRobinSteering::Watch() noexcept {
    if (type == SOCK_DGRAM || classic->Tier().tier != CLASSIC_BPF)
        return;
    try {
        watch.emplace(loop, util::Bind<&RoundRobinSteering::OnWatched>(*this));
    } catch (const std::system_error &error) {
        lacks = fmt::format("queues cannot be watched: {}", error.what());
        return;
    }
    WatchOver(members);
    if (watch)
        watch->SetActive(active);
}

void RoundRobinSteering::OnWatched() noexcept {
    classic->SetActive(watch->Keeping());
    Changed();
}

/** All of them or none. */
void RoundRobinSteering::WatchOver(std::span<const net::Seat *const> sockets) noexcept {
    try {
        for (const net::Seat *socket : sockets)
            watch->Join(*socket);
    } catch (const std::system_error &error) {
        watch.reset();
        lacks = fmt::format("queues cannot be watched: {}", error.what());
    }
}

std::optional<std::uint64_t> RoundRobinSteering::Given(const net::Seat &socket) const noexcept {
    if (!kernel)
        return std::nullopt;
    return kernel->Given(socket.index);
}

net::Steering::Description RoundRobinSteering::Describe() const {
    Description description;
    for (const net::Seat *member : members)
        description.order.push_back(member->index);
    if (kernel)
        description.program = kernel->Describe();
    return description;
}

/** A program that cannot be had again stays in charge until the classic one replaces it. */
void RoundRobinSteering::Resume(const Description &made, const std::deque<net::Seat> &seats) {
    if (made.program && loader.Reserve()) {
        reserved = true;
        try {
            kernel.emplace(*made.program);
            classic.reset();
            begun = true;
            for (const unsigned index : made.order)
                members.push_back(&seats.at(index));
            return;
        } catch (const std::system_error &error) {
            lacks = error.what();
        }
    }
    Steering::Resume(made, seats);
}

net::TierReport RoundRobinSteering::Tier() const {
    if (kernel)
        return {NameOf(type, kernel->ReadsQueues()), lacks};
    net::TierReport report = classic->Tier();
    if (report.tier != CLASSIC_BPF)
        return report;
    if (loading)
        report.lacks = "the kernel's program is being loaded";
    else
        report.lacks = lacks;
    if (watch)
        report.tier = QUEUE_WATCH;
    return report;
}

net::TierReport ForeseeRoundRobin(int type) {
    const KernelRights rights = FindKernelRights();
    if (!rights.may_load)
        return {NameWithout(type), rights.lacks};
    try {
        const Loaded loaded = Loader::LoadNow(KindOf(type), rights);
        if (!loaded.program.program.IsDefined())
            return {NameWithout(type), loaded.lacks};
        return {NameOf(type, loaded.program.reads_queues), loaded.lacks};
    } catch (const std::system_error &error) {
        return {NameWithout(type), error.what()};
    }
}

} // namespace balance
