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
    sys::UniqueFd sockets; // seat -> socket (REUSEPORT_SOCKARRAY)
    sys::UniqueFd state; // KernelState.h, to be mapped
    bool reads_queues = false; // busy seats are skipped
    bool migrates = false; // moves the queue of a socket that leaves the group (Linux 5.14)
};

} // namespace balance
