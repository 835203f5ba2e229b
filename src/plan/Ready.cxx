#include "plan/Ready.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace plan {

namespace {

/** A unix path as the kernel names it; empty: there is none, or nobody can say. */
std::string PathOf(const net::Address &address) {
    const std::string host = address.Host();
    if (address.Family() != AF_UNIX || host.starts_with('@'))
        return "";
    std::error_code error;
    const auto path = std::filesystem::absolute(host, error);
    const auto directory = std::filesystem::weakly_canonical(path.parent_path(), error);
    return error ? "" : directory / path.filename();
}

bool IsExclusive(const adopt::Spec &adopt, const net::Address &address) {
    const auto port = address.Port();
    return port ? adopt.exclusives.HasPort(*port) : adopt.exclusives.HasPath(address.Host());
}

/** Among the addresses asked for. That of an inherited socket is not known yet. */
bool IsListed(const std::vector<net::ListenSpec> &listeners, const pool::ReadyAddress &at) {
    return std::any_of(listeners.begin(), listeners.end(), [&at](const net::ListenSpec &spec) {
        return spec.source == net::ListenSpec::Source::INHERITED || at.IsServedAt(spec.at);
    });
}

bool CanBeSeenToListen(const Options &options, const pool::ReadySpec &ready,
                       const adopt::Spec &adopt) {
    const bool adopts = adopt.mode == adopt::Mode::AUTO || adopt.mode == adopt::Mode::ALL;
    if (!ready.at)
        return adopts || !options.listeners.empty() || !adopt.exclusives.IsEmpty();
    return (adopts && ready.at->at.type == SOCK_STREAM) || IsListed(options.listeners, *ready.at) ||
           IsExclusive(adopt, ready.at->at.address);
}

} // namespace

pool::ReadySpec MakeReady(const Options &options, const adopt::Spec &adopt,
                          std::vector<std::string> &warnings) {
    pool::ReadySpec ready = options.ready.value_or(pool::ReadySpec());
    ready.timeout = options.ready_timeout.value_or(ready.timeout);
    if (ready.at)
        ready.at->path = PathOf(ready.at->at.address);
    // It would fail after --ready-timeout, each time.
    if (ready.by == pool::ReadyBy::LISTEN && !CanBeSeenToListen(options, ready, adopt))
        throw util::UserError(fmt::format(
            "{} {}: no worker can be seen to listen there: name an address of -p, -l or "
            "--exclusive, or let --adopt be auto",
            options.ready_source,
            util::Quote(ready.at ? "listen:" + ready.at->text : std::string("listen"))));
    if (ready.by == pool::ReadyBy::AUTO && ready.timeout.count() != 0 &&
        ready.timeout <= ready.alive)
        warnings.emplace_back("--ready-timeout leaves no time to be alive for 3 s: workers that do "
                              "not listen or say READY=1 will fail");
    return ready;
}

} // namespace plan
