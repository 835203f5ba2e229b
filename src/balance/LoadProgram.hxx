#pragma once

#include "balance/KernelProgram.hxx"

#include <string>

namespace balance {

/** A program, or why there is none. */
struct Loaded {
    KernelProgram program; // its descriptors are undefined where nothing could be loaded
    std::string lacks; // what a better one, or any, would need; empty: it is the best
};

/** Is clusterize built with libbpf? */
bool IsBuiltWithBpf() noexcept;

/** Loads the program with libbpf, the best one that the kernel takes: with the queues, without
 *  them, without migration. It reads the kernel's type information for that (BTF, some 5 MB), which
 *  takes about 40 ms and 13 MiB, so it is called in a process that ends afterwards (Loader).
 *  `may_trace`: it has CAP_PERFMON, without which the queues cannot be read. */
Loaded LoadProgram(Kind kind, bool may_trace);

} // namespace balance
