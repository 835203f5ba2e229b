#include "sys/Bpf.hxx"

#include <cerrno>
#include <cstdint>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sys {

int PutSocket(Fd map, unsigned index, Fd socket) noexcept {
    const std::uint32_t key = index;
    const auto value = static_cast<std::uint64_t>(socket.Get());
    bpf_attr attributes = {};
    attributes.map_fd = static_cast<std::uint32_t>(map.Get());
    attributes.key = reinterpret_cast<std::uintptr_t>(&key);
    attributes.value = reinterpret_cast<std::uintptr_t>(&value);
    attributes.flags = BPF_ANY;
    return syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attributes, sizeof(attributes)) == 0 ? 0 : errno;
}

int AttachToGroup(Fd member, Fd program) noexcept {
    const int fd = program.Get();
    return setsockopt(member.Get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &fd, sizeof(fd)) == 0
               ? 0
               : errno;
}

} // namespace sys
