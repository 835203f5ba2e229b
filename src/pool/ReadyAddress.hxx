#pragma once

#include "net/Listener.hxx"

#include <string>

namespace pool {

/** The address of `--ready listen:ADDRESS`. */
struct ReadyAddress {
    /** As the user wrote it. */
    std::string text;
    net::Endpoint at;

    /** Of a unix socket with a file: from the root, without symbolic links. */
    std::string path;

    /** Does a socket at this address serve it? A port without a host is any address with this port,
     *  and one with a host is also served by a wildcard of its family. */
    bool IsServedAt(const net::Endpoint &other) const noexcept;

    /** The same of a listener, which may have been given another name of the path. */
    bool IsServedBy(const net::Listener &listener) const;
};

} // namespace pool
