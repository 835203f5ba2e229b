#pragma once

#include "contract/Contracts.hxx"
#include "pool/WorkerRef.hxx"
#include "spawn/LaunchSpec.hxx"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pool {

/** Variables that follow from the user of a worker; nullopt: it has none of that name. */
using AccountVariables = std::vector<std::pair<std::string, std::optional<std::string>>>;

/** How a worker is started. Immutable while it is in use, replaced as a whole: each start takes the
 *  one that is current then. */
struct WorkerSpec {
    std::vector<std::string> command;
    bool expand_arguments = false;
    spawn::Environment environment; // the launcher's, without what speaks to the launcher alone
    AccountVariables account;
    std::vector<std::pair<std::string, std::string>> assignments; // --env, with templates
    contract::ContractList contracts;
    spawn::Ids ids;
    std::string directory;
    std::vector<unsigned> cpus; // slot k is pinned to the k-th, wrapping; empty: not pinned
    rlimit descriptor_limit = {};
    bool own_group = false; // no terminal, whose job control needs one group; or signal_group
    bool signal_group = false; // signals go to that group, and not to the main process alone
    bool null_stdin = false;
    int stop_signal = 0;
    std::string run; // CLUSTERIZE_RUN
};

/** Everything that is needed for one start. `workers`: the number of slots. `exports`: the sockets
 *  of the worker's seat. Throws std::system_error. */
spawn::LaunchSpec MakeLaunchSpec(const WorkerSpec &spec, const WorkerRef &worker, unsigned workers,
                                 const std::vector<net::Exported> &exports, sys::Fd null_device);

/** The same for a handover that was made already; `fds` are the descriptors that it announces. */
spawn::LaunchSpec MakeLaunchSpec(const WorkerSpec &spec, const contract::Handover &handover,
                                 spawn::ChildDescriptors fds);

} // namespace pool
