#include "balance/RandomSteering.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace balance {

void RandomSteering::Left(const net::SlotSocket &socket) noexcept {
    const auto place = std::find(members.begin(), members.end(), &socket);
    if (place == members.end())
        return;
    *place = members.back();
    members.pop_back();
}

void RandomSteering::SetActive(std::span<const net::SlotSocket *const> active) noexcept {
    std::vector<bool> is_active;
    for (const net::SlotSocket *socket : active) {
        is_active.resize(std::max<std::size_t>(is_active.size(), socket->Slot() + 1));
        is_active[socket->Slot()] = true;
    }
    std::vector<unsigned> indices;
    for (unsigned index = 0; index < members.size(); index++)
        if (const unsigned slot = members[index]->Slot();
            slot < is_active.size() && is_active[slot])
            indices.push_back(index);
    if (indices.empty())
        return;
    auto code = MakeProgram(choice, indices, static_cast<unsigned>(members.size()));
    const sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
    const int fd = members[0]->Socket().Get(); // any member: the program is the group's
    const int result =
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
    refused = result != 0 ? errno : 0;
}

net::TierReport RandomSteering::Tier() const {
    if (refused != 0)
        return {"kernel hash", "SO_ATTACH_REUSEPORT_CBPF: " + sys::ErrnoText(refused)};
    return {"classic BPF", ""};
}

} // namespace balance
