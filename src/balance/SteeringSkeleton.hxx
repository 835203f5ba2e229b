#pragma once

// What bpftool generates from Steering.bpf.c. It takes the names of its types from KernelState.h,
// and it is not written for our warnings.

#pragma GCC system_header

#include <bpf/libbpf.h>

#include "balance/KernelState.h"

#include "balance/Steering.skel.h"

#include <memory>

namespace balance {

struct DestroySteering {
    void operator()(::steering *object) const noexcept { steering__destroy(object); }
};

/** The programs and maps of Steering.bpf.c in the hands of libbpf. */
using SteeringObject = std::unique_ptr<::steering, DestroySteering>;

} // namespace balance
