#include "sys/SocketDiag.hxx"
#include "sys/UniqueFd.hxx"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>

namespace sys {

namespace {

template <typename Body> struct Request {
    nlmsghdr header;
    Body body;
};

/** Does one of the answers fit? */
template <typename Answer, typename Body, typename Fits>
bool Ask(Request<Body> request, unsigned flags, const Fits &fits) {
    const UniqueFd socket(AdoptTag(),
                          ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
    if (!socket.IsDefined() || send(socket.Get(), &request, sizeof(request), 0) < 0)
        return false;
    alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
    for (;;) {
        const ssize_t length = recv(socket.Get(), buffer.data(), buffer.size(), 0);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return false;
        auto rest = static_cast<std::size_t>(length);
        auto *message = reinterpret_cast<nlmsghdr *>(buffer.data());
        for (; NLMSG_OK(message, rest); message = NLMSG_NEXT(message, rest)) {
            if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
                return false; // NLMSG_DONE, NLMSG_ERROR
            Answer answer = {};
            std::memcpy(&answer, NLMSG_DATA(message), sizeof(answer));
            if (fits(answer))
                return true;
        }
        if ((flags & NLM_F_DUMP) == 0)
            return false;
    }
}

bool IsConnectedUnix(std::uint64_t inode) {
    Request<unix_diag_req> request = {};
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = ~0U;
    request.body.udiag_ino = static_cast<__u32>(inode);
    request.body.udiag_show = UDIAG_SHOW_PEER;
    std::memset(request.body.udiag_cookie, 0xff, sizeof(request.body.udiag_cookie));
    return Ask<unix_diag_msg>(request, 0, [](const unix_diag_msg &answer) {
        return answer.udiag_state == TCP_ESTABLISHED;
    });
}

bool IsConnectedTcp(int family, std::uint64_t inode) {
    Request<inet_diag_req_v2> request = {};
    request.body.sdiag_family = static_cast<__u8>(family);
    request.body.sdiag_protocol = IPPROTO_TCP;
    for (const int state : {TCP_ESTABLISHED, TCP_SYN_SENT, TCP_FIN_WAIT1, TCP_FIN_WAIT2,
                            TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING})
        request.body.idiag_states |= 1U << state;
    return Ask<inet_diag_msg>(request, NLM_F_DUMP, [inode](const inet_diag_msg &answer) {
        return answer.idiag_inode == inode;
    });
}

} // namespace

bool IsConnectedSocket(int family, std::uint64_t inode) {
    return family == AF_UNIX ? IsConnectedUnix(inode) : IsConnectedTcp(family, inode);
}

} // namespace sys
