#include "balance/RandomSteering.hxx"
#include "net/OpenSocket.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace balance {

namespace {

/** Returns 0 or errno, as the other two do. */
int Attach(int fd, const sock_fprog &program) noexcept {
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) == 0
               ? 0
               : errno;
}

int IsForBothFamilies(int fd, bool &both) noexcept {
    int v6only = 0;
    socklen_t length = sizeof(v6only);
    if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &length) != 0)
        return errno;
    both = v6only == 0;
    return 0;
}

/** The kernel takes no program on an MPTCP socket (mptcp_setsockopt), but the group behind it is one of TCP
 *  sockets: one more that joins for a moment brings the program. It is the last of the group, so that nobody's
 *  place changes when it leaves. */
int AttachByGuest(int member, const sock_fprog &program) noexcept {
    try {
        net::ListenSpec spec;
        spec.origin = net::ListenSpec::Origin::ADOPTED; // exactly this address, no other family
        spec.at.address = net::Address::OfSocket(member);
        if (spec.at.address.Family() == AF_INET6)
            if (const int error = IsForBothFamilies(member, spec.at.both_families); error != 0)
                return error;
        spec.backlog = 1;
        const sys::UniqueFd guest = net::BindPlaceholder(spec, true);
        net::Listen(guest, spec);
        return Attach(guest.Get(), program);
    } catch (const net::OpenError &error) {
        return error.Error();
    } catch (const std::system_error &error) {
        return error.code().value();
    }
}

} // namespace

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
    refused = Attach(fd, program);
    if (refused == EOPNOTSUPP)
        refused = AttachByGuest(fd, program);
}

net::TierReport RandomSteering::Tier() const {
    if (refused != 0)
        return {"kernel hash", "SO_ATTACH_REUSEPORT_CBPF: " + sys::ErrnoText(refused)};
    return {CLASSIC_BPF, ""};
}

} // namespace balance
