#include "balance/LoadProgram.hxx"

// In the place of LoadProgram.cxx where clusterize is built without libbpf.

namespace balance {

bool IsBuiltWithBpf() noexcept {
    return false;
}

Loaded LoadProgram(Kind, bool) {
    return {{}, "built without BPF (meson feature bpf)"};
}

} // namespace balance
