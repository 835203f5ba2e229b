#pragma once

#include <string>

namespace balance {

/** What the launcher may do with programs in the kernel, as far as that is known without trying. */
struct KernelRights {
    bool may_load = false; // CAP_BPF or CAP_SYS_ADMIN
    bool may_trace = false; // CAP_PERFMON or CAP_SYS_ADMIN: it may read the kernel's memory
    std::string lacks; // why it may not load any; empty: it may
};

KernelRights FindKernelRights();

} // namespace balance
