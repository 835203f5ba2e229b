#pragma once

#include <linux/filter.h>
#include <span>
#include <vector>

namespace balance {

/** What the choice is made by. */
enum class Choice {
    RANDOM, // each connection anew (TCP)
    FLOW, // by source address and port, so that a flow stays where it is (UDP)
};

/** A classic BPF program for SO_ATTACH_REUSEPORT_CBPF (socket(7), Linux 4.5): it returns the index
 *  in the group of the socket that gets the connection. It always selects one of `active`: an index
 *  out of range would be hashed over all members. `active`: indices in the kernel's order,
 *  ascending, not empty. A program has room for 2,032 holes in their row (4,096 instructions, two
 *  for each hole); those after the last hole with room are left out. */
std::vector<sock_filter> MakeProgram(Choice choice, std::span<const unsigned> active);

} // namespace balance
