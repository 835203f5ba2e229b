#include "balance/RandomSteering.hxx"
#include "balance/AttachToGroup.hxx"
#include "net/SocketState.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace balance {

namespace {

/** Returns 0 or errno. */
int Attach(int fd, const sock_fprog &program) noexcept {
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) == 0
               ? 0
               : errno;
}

} // namespace

int TryClassic() noexcept {
    const sys::UniqueFd socket(sys::AdoptTag(), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (!socket.IsDefined() ||
        setsockopt(socket.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
        return 0; // opening the listeners will say what is wrong
    constexpr std::array ONE = {0U};
    auto code = MakeProgram(Choice::RANDOM, ONE);
    return Attach(socket.Get(), {static_cast<unsigned short>(code.size()), code.data()});
}

void RandomSteering::Left(const net::Seat &socket) noexcept {
    const auto place = std::find(members.begin(), members.end(), &socket);
    if (place == members.end())
        return;
    Avoid(static_cast<std::size_t>(place - members.begin()));
    *place = members.back();
    members.pop_back();
}

/** Until the next SetActive(), a program that is right before one leaves and after: it names
 *  neither that one nor the last, which moves. Where nobody else is active there is none, and for
 *  that moment the old one gives connections to the wrong place, or, by the kernel's hash, to
 *  any. */
void RandomSteering::Avoid(std::size_t leaving) const noexcept {
    const std::size_t last = members.size() - 1;
    std::vector<unsigned> indices = ActiveIndices();
    std::erase_if(indices,
                  [leaving, last](unsigned index) { return index == leaving || index == last; });
    if (!indices.empty() && refused == 0)
        static_cast<void>(Install(indices));
}

std::vector<unsigned> RandomSteering::ActiveIndices() const {
    std::vector<unsigned> indices;
    for (unsigned index = 0; index < members.size(); index++)
        if (const unsigned seat = members[index]->index; seat < active.size() && active[seat])
            indices.push_back(index);
    return indices;
}

/** `indices`: not empty. Returns 0 or errno. */
int RandomSteering::Install(std::span<const unsigned> indices) const noexcept {
    // One that a worker has just shut down would make a group of its own, and could never listen
    // again.
    const auto listening = std::find_if(indices.begin(), indices.end(), [this](unsigned index) {
        return choice == Choice::FLOW || net::IsListening(members[index]->socket);
    });
    if (listening == indices.end())
        return 0;
    auto code = MakeProgram(choice, indices);
    const sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
    return AttachToGroup(spec, members[*listening]->socket,
                         [&program](int fd) { return Attach(fd, program); });
}

void RandomSteering::SetActive(std::span<const net::Seat *const> set) noexcept {
    active.clear();
    for (const net::Seat *socket : set) {
        active.resize(std::max<std::size_t>(active.size(), socket->index + 1));
        active[socket->index] = true;
    }
    const auto indices = ActiveIndices();
    if (!indices.empty())
        refused = Install(indices);
}

net::Steering::Description RandomSteering::Describe() const {
    Description description;
    for (const net::Seat *member : members)
        description.order.push_back(member->index);
    return description;
}

net::TierReport RandomSteering::Tier() const {
    if (refused != 0)
        return {"kernel hash", "SO_ATTACH_REUSEPORT_CBPF: " + sys::ErrnoText(refused)};
    return {CLASSIC_BPF, ""};
}

} // namespace balance
