#pragma once

#include "net/Address.hxx"

#include <cstddef>
#include <sys/un.h>

namespace net {

/** A unix address with a path, which may begin with '@' as abstract names do when they are shown. */
inline bool NamesFile(const Address &address) noexcept {
    constexpr std::size_t PATH_OFFSET = offsetof(sockaddr_un, sun_path);
    return address.Family() == AF_UNIX && address.Length() > PATH_OFFSET &&
           reinterpret_cast<const char *>(address.Get())[PATH_OFFSET] != '\0';
}

} // namespace net
