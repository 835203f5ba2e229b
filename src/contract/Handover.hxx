#pragma once

#include "net/ListenerTable.hxx"
#include "spawn/ChildDescriptors.hxx"

#include <optional>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

namespace contract {

/** One listener as a worker finds it. */
struct Handed {
    int fd; // in the worker
    const net::ListenSpec *spec;

    bool IsInet() const noexcept { return spec->at.address.Port().has_value(); }
    bool IsTcp() const noexcept { return IsInet() && spec->at.type == SOCK_STREAM; }
};

/** All that is announced to one worker. */
struct Handover {
    std::vector<Handed> listeners; // in the order asked for
    unsigned id = 0, slot = 0, workers = 0, generation = 0;
    pid_t launcher = 0;
    std::string_view run; // marks all descendants of this launcher

    /** The port of the first TCP listener. */
    std::optional<unsigned> FirstPort() const noexcept;
};

/** The listeners, with the numbers that `fds` gives them. */
Handover MakeHandover(std::span<const net::Exported> exports, spawn::ChildDescriptors &fds);

} // namespace contract
