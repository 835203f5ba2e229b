#include "adopt/AdoptAgent.hxx"
#include "adopt/Calls.hxx"
#include "sys/Error.hxx"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace adopt {

AdoptAgent::AdoptAgent(loop::Loop &loop, loop::Errands &errands, report::Reporter &reporter,
                       net::ListenerTable &table, pool::Facts &facts, const Spec &spec,
                       unsigned slots, Tier _tier, bool _unasked)
    : tier(std::move(_tier)), unasked(_unasked),
      adoption(loop, errands, reporter, table, facts, spec, slots,
               {util::Bind<&AdoptAgent::OnChange>(*this),
                util::BoundMethod<void(net::Listener &)>::Make<&AdoptAgent::Close>(*this),
                util::BoundMethod<void(const pool::WorkerRef &, net::Listener &,
                                       const Handed &)>::Make<&AdoptAgent::OnListens>(*this)}),
      closing(adoption), closed(adoption, closing), last_clients(adoption),
      close_last(loop, util::Bind<&net::ListenerTable::CloseLast>(table)) {}

void AdoptAgent::OnStop(const pool::StopRequest &) noexcept {
    for (auto &[id, adoptee] : adoptees)
        adoptee.AddBound(last_clients);
    last_clients.Begin();
    closed.End();
}

void AdoptAgent::Prepare(const pool::WorkerRef &worker, spawn::LaunchSpec &launch) {
    if (refused)
        return;
    if (tier.no_new_privs) {
        const auto path = std::find_if(launch.paths.begin(), launch.paths.end(),
                                       [](const auto &p) { return access(p.c_str(), X_OK) == 0; });
        const std::string reason =
            path != launch.paths.end() ? WhyNoFilterFor(*path, launch.directory) : "";
        if (!reason.empty()) {
            Complain(
                fmt::format("{} {}, which the filter would take from it: its ports stay its own",
                            *path, reason));
            return;
        }
    }
    uids.insert_or_assign(worker.id, launch.ids.uid.value_or(geteuid()));
    launch.filter = Filter();
    launch.no_new_privs = tier.no_new_privs;
}

void AdoptAgent::Started(const pool::WorkerRef &worker, spawn::Launched &launched) noexcept {
    refused = refused || launched.filter_error == EBUSY;
    if (launched.filter_error != 0)
        Complain(fmt::format("no ports are adopted: {}",
                             launched.filter_error == EBUSY
                                 ? "another program answers for the launcher's own system calls "
                                   "(a clusterize around it, a sandbox)"
                                 : "seccomp: " + sys::ErrnoText(launched.filter_error)));
    if (!launched.notify.IsDefined())
        return;
    try {
        adoptees.try_emplace(worker.id, adoption, worker, uids.at(worker.id),
                             std::move(launched.notify));
        closing.Started(worker);
    } catch (const std::system_error &error) {
        Complain(error.what()); // its calls get ENOSYS: there is nobody to answer
    }
}

void AdoptAgent::Gone(const pool::WorkerRef &worker, pool::ExitStatus) noexcept {
    adoptees.erase(worker.id);
    uids.erase(worker.id);
    closing.Gone(worker);
    last_clients.Gone(worker.id);
    closed.Gone(worker);
}

void AdoptAgent::Cleared(const pool::WorkerRef &worker) noexcept {
    closing.Cleared(worker);
}

/** Workers that get in each other's way are worth a warning, once. */
void AdoptAgent::Complain(std::string_view sentence) noexcept {
    adoption.reporter.Say(unasked && !complained ? report::Level::WARN : report::Level::DEBUG,
                          sentence);
    complained = true;
}

void AdoptAgent::Close(net::Listener &listener) noexcept {
    adoption.reporter.Say(report::Level::DEBUG,
                          fmt::format("{} is closed: no worker holds it any more",
                                      listener.Spec().at.address.ToString()));
    for (auto &[id, adoptee] : adoptees)
        adoptee.Forget(listener);
    closing.Forget(listener);
    closed.Forget(listener);
    adoption.Forget(listener);
    adoption.table.Close(listener);
    if (!close_last.IsPending())
        close_last.Schedule();
}

} // namespace adopt
