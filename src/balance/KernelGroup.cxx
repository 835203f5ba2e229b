#include "balance/KernelGroup.hxx"
#include "balance/AttachToGroup.hxx"
#include "balance/KernelState.h"
#include "sys/Bpf.hxx"
#include "sys/Error.hxx"

#include <cerrno>
#include <sys/mman.h>

namespace balance {

namespace {

constexpr unsigned HALF = 32; // where the half is in `live`

/** Whatever its queue is at the next look: that is less, so something has moved. */
constexpr unsigned NOT_SEEN = ~0U;

template <typename Value> Value Load(const Value &shared) noexcept {
    return __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
}

template <typename Value> void Store(Value &shared, Value value) noexcept {
    __atomic_store_n(&shared, value, __ATOMIC_RELEASE);
}

} // namespace

KernelGroup::KernelGroup(KernelProgram _program)
    : program(std::move(_program)), is_active(MOST_SEATS) {
    void *memory =
        mmap(nullptr, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, program.state.Get(), 0);
    if (memory == MAP_FAILED)
        throw sys::MakeErrno("cannot map the state of the kernel's program");
    state = static_cast<steering_state *>(memory);
    const auto live = Load(state->live);
    const unsigned *turns = state->turns[live >> HALF & 1];
    for (unsigned i = 0; i < static_cast<unsigned>(live) && i < MOST_SEATS; i++)
        if (turns[i] < MOST_SEATS)
            is_active[turns[i]] = true;
}

KernelGroup::KernelGroup(const net::Steering::Description::Program &made)
    : KernelGroup(KernelProgram{sys::Reclaim(made.program), sys::Reclaim(made.sockets),
                                sys::Reclaim(made.state), made.reads_queues, made.migrates}) {}

net::Steering::Description::Program KernelGroup::Describe() const noexcept {
    return {program.program.Get(), program.sockets.Get(), program.state.Get(), program.reads_queues,
            program.migrates};
}

KernelGroup::~KernelGroup() noexcept {
    munmap(state, sizeof(*state));
}

int KernelGroup::Put(const net::Seat &socket) noexcept {
    if (socket.index >= MOST_SEATS)
        return E2BIG;
    return sys::PutSocket(program.sockets, socket.index, socket.socket);
}

void KernelGroup::SetActive(std::span<const net::Seat *const> active) noexcept {
    const auto next = (Load(state->live) >> HALF & 1) ^ 1;
    unsigned *turns = state->turns[next];
    std::size_t count = 0;
    std::vector<bool> were_active(MOST_SEATS);
    were_active.swap(is_active);
    for (const net::Seat *socket : active) {
        const unsigned seat = socket->index;
        if (seat >= MOST_SEATS || is_active[seat])
            continue;
        is_active[seat] = true;
        if (!were_active[seat]) {
            seat_account &account = state->accounts[seat];
            Store(account.owed, 0);
            Store(account.seen, NOT_SEEN);
            Store(account.moved, Load(state->turn));
        }
        turns[count++] = seat;
    }
    if (count != 0)
        Store(state->live, next << HALF | count);
}

int KernelGroup::Attach(const net::ListenSpec &spec, const net::Seat &member) noexcept {
    return AttachToGroup(spec, member.socket, [this](int fd) {
        return sys::AttachToGroup(sys::Fd(fd), program.program);
    });
}

std::uint64_t KernelGroup::Given(unsigned seat) const noexcept {
    return seat < MOST_SEATS ? Load(state->accounts[seat].given) : 0;
}

} // namespace balance
