#include "pool/WorkerSpec.hxx"
#include "contract/Template.hxx"
#include "spawn/CommandSearch.hxx"

#include <unistd.h>

namespace pool {

spawn::LaunchSpec MakeLaunchSpec(const WorkerSpec &spec, const WorkerRef &worker, unsigned workers,
                                 const std::vector<net::Exported> &exports, sys::Fd null_device) {
    spawn::ChildDescriptors fds;
    if (spec.null_stdin)
        fds.Put(null_device, STDIN_FILENO);
    contract::Handover handover = contract::MakeHandover(exports, fds);
    handover.id = worker.id;
    handover.slot = worker.slot;
    handover.workers = workers;
    handover.generation = worker.generation;
    handover.run = spec.run;
    handover.launcher = getpid();
    return MakeLaunchSpec(spec, handover, std::move(fds));
}

spawn::LaunchSpec MakeLaunchSpec(const WorkerSpec &spec, const contract::Handover &handover,
                                 spawn::ChildDescriptors fds) {
    spawn::LaunchSpec launch;
    launch.fds = std::move(fds);
    launch.env = spec.environment;
    for (const auto &[name, value] : spec.account)
        if (value)
            launch.env.Set(name, *value);
        else
            launch.env.Unset(name);
    contract::RenderAlways(handover, launch.env);
    for (const contract::Contract *contract : spec.contracts)
        contract->render(handover, launch.env);
    // Last, because it is the user's own word.
    for (const auto &[name, value] : spec.assignments)
        launch.env.Set(name, contract::Expand(value, handover));

    for (const std::string &word : spec.command)
        launch.argv.push_back(spec.expand_arguments ? contract::Expand(word, handover) : word);
    launch.paths = spawn::CommandPaths(launch.argv[0], launch.env.Find("PATH"));

    launch.ids = spec.ids;
    launch.directory = spec.directory;
    if (!spec.cpus.empty())
        launch.cpus = {spec.cpus[handover.slot % spec.cpus.size()]};
    launch.descriptor_limit = spec.descriptor_limit;
    launch.own_group = spec.own_group;
    launch.stop_signal = spec.stop_signal;
    return launch;
}

} // namespace pool
