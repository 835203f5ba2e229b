#pragma once

// What bpftool generates from Steering.bpf.c. It takes the names of its types from KernelState.h, and it is not
// written for our warnings.

#pragma GCC system_header

#include <bpf/libbpf.h>

#include "balance/KernelState.h"

#include "balance/Steering.skel.h"
