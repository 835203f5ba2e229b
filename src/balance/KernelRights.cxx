#include "balance/KernelRights.hxx"
#include "balance/LoadProgram.hxx"
#include "sys/Capability.hxx"
#include "sys/Confinement.hxx"

#include <linux/capability.h>
#include <unistd.h>

namespace balance {

namespace {

constexpr const char *TYPE_INFORMATION = "/sys/kernel/btf/vmlinux";

} // namespace

// CAP_BPF and CAP_PERFMON are there from Linux 5.8 on (capabilities(7)); before that it was
// CAP_SYS_ADMIN.

KernelRights FindKernelRights() {
    KernelRights rights;
    const bool admin = sys::HasCapability(CAP_SYS_ADMIN);
    rights.may_load = admin || sys::HasCapability(CAP_BPF);
    rights.may_trace = admin || sys::HasCapability(CAP_PERFMON);
    if (!IsBuiltWithBpf())
        rights.lacks = "built without BPF (meson feature bpf)";
    else if (!rights.may_load)
        rights.lacks = "kernel round robin needs CAP_BPF and CAP_PERFMON, "
                       "as from docker run --cap-add BPF --cap-add PERFMON";
    else if (sys::IsInUserNamespace())
        rights.lacks = "kernel round robin needs CAP_BPF outside of user namespaces";
    else if (access(TYPE_INFORMATION, R_OK) != 0)
        rights.lacks = std::string("kernel round robin needs ") + TYPE_INFORMATION;
    rights.may_load = rights.lacks.empty();
    return rights;
}

} // namespace balance
