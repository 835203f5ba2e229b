#include "sys/UnixDatagram.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace sys {

namespace {

constexpr std::size_t MOST_DESCRIPTORS = 253; // SCM_MAX_FD of the kernel

void TakeControl(msghdr &message, Datagram &datagram) {
    for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET)
            continue;
        if (part->cmsg_type == SCM_CREDENTIALS) {
            ucred sender = {};
            std::memcpy(&sender, CMSG_DATA(part), sizeof(sender));
            datagram.sender = sender.pid;
        } else if (part->cmsg_type == SCM_RIGHTS) {
            const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; i++) {
                int number = -1;
                std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof(number));
                datagram.descriptors.emplace_back(AdoptTag(), number);
            }
        }
    }
}

} // namespace

std::optional<UnixAddress> UnixAddress::Parse(std::string_view text) noexcept {
    UnixAddress result;
    const bool is_abstract = text.starts_with('@');
    // A path ends with a zero byte, an abstract name with the length.
    const std::size_t room = sizeof(result.address.sun_path) - (is_abstract ? 0 : 1);
    if ((!is_abstract && !text.starts_with('/')) || text.size() < 2 || text.size() > room)
        return std::nullopt;
    result.address.sun_family = AF_UNIX;
    std::copy(text.begin(), text.end(), result.address.sun_path);
    if (is_abstract)
        result.address.sun_path[0] = '\0';
    result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() +
                                           (is_abstract ? 0 : 1));
    return result;
}

std::optional<Datagram> ReceiveDatagram(Fd socket, std::size_t longest, Wait wait) noexcept {
    Datagram datagram;
    datagram.text.resize(longest);
    iovec buffer = {datagram.text.data(), longest};
    alignas(cmsghdr)
        std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))>
            control;
    msghdr message = {};
    ssize_t size = 0;
    do {
        message.msg_iov = &buffer;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        size = recvmsg(socket.Get(), &message,
                       MSG_CMSG_CLOEXEC | (wait == Wait::NO ? MSG_DONTWAIT : 0));
    } while (size < 0 && errno == EINTR);
    if (size < 0)
        return std::nullopt;
    TakeControl(message, datagram);
    datagram.text.resize(static_cast<std::size_t>(size));
    datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
    return datagram;
}

UnixDatagram::UnixDatagram()
    : fd(AdoptTag(), socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (!fd.IsDefined())
        throw MakeErrno("cannot create a unix socket");
}

void UnixDatagram::Bind(const UnixAddress &address) {
    // Before it has a name, so that no message comes without its sender.
    const int yes = 1;
    if (setsockopt(fd.Get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) != 0)
        throw MakeErrno("cannot ask for the senders of datagrams");
    if (bind(fd.Get(), address.Get(), address.Length()) != 0)
        throw MakeErrno("cannot bind a unix socket");
}

std::optional<Datagram> UnixDatagram::Receive(std::size_t longest) noexcept {
    return ReceiveDatagram(fd, longest, Wait::NO);
}

int UnixDatagram::Send(const UnixAddress &to, std::string_view text) noexcept {
    const ssize_t sent = sendto(fd.Get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                to.Get(), to.Length());
    return sent < 0 ? errno : 0;
}

} // namespace sys
