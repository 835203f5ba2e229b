#pragma once

#include "sys/UniqueFd.hxx"

namespace balance {

/** The two programs of Steering.bpf.c. */
enum class Kind {
    ROUND_ROBIN, // rr: connections in turn
    FLOW, // flow: datagrams by their flow
};

/** A program that the kernel has taken, with the maps that belong to it and to nobody else: it
 *  steers one group. All of it is gone with the last descriptor and the last socket of the
 *  group. */
struct KernelProgram {
    sys::UniqueFd program;

    /** Seat -> socket (REUSEPORT_SOCKARRAY). */
    sys::UniqueFd sockets;

    /** KernelState.h, to be mapped. It stays open for a process that is executed in our place: a
     *  mapping does not outlive that. */
    sys::UniqueFd state;

    /** Busy seats are skipped. */
    bool reads_queues = false;

    /** Moves the queue of a socket that leaves the group (Linux 5.14). */
    bool migrates = false;
};

} // namespace balance
