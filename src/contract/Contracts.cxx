#include "contract/Contracts.hxx"
#include "util/Table.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <iterator>

namespace contract {

namespace {

/** The descriptors with something after each or between them. */
std::string JoinFds(const Handover &handover, std::string_view between) {
    std::string text;
    for (const Handed &handed : handover.listeners)
        fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : between, handed.fd);
    return text;
}

/** sd_listen_fds(3); LISTEN_PIDFDID since systemd 259. */
void RenderSystemd(const Handover &handover, spawn::Environment &env) {
    if (handover.listeners.empty())
        return;
    std::string names;
    for (const Handed &handed : handover.listeners)
        names.append(names.empty() && &handed == handover.listeners.data() ? "" : ":")
            .append(handed.spec->name);
    env.Set("LISTEN_FDS", std::to_string(handover.listeners.size()));
    env.Set("LISTEN_FDNAMES", names);
    env.SetPid("LISTEN_PID");
    env.SetPidfdId("LISTEN_PIDFDID");
}

/** Heroku, Cloud Run, foreman … */
void RenderPort(const Handover &handover, spawn::Environment &env) {
    const auto is_tcp = [](const Handed &handed) { return handed.IsTcp(); };
    if (std::count_if(handover.listeners.begin(), handover.listeners.end(), is_tcp) == 1)
        env.Set("PORT", std::to_string(*handover.FirstPort()));
}

/** einhorn's lib/einhorn/command.rb: EINHORN_FDS is that of versions before 0.8. */
void RenderEinhorn(const Handover &handover, spawn::Environment &env) {
    env.Set("EINHORN_MASTER_PID", std::to_string(handover.launcher));
    env.Set("EINHORN_CHILD_INDEX", std::to_string(handover.slot));
    env.Set("EINHORN_FD_COUNT", std::to_string(handover.listeners.size()));
    for (std::size_t i = 0; i < handover.listeners.size(); i++)
        env.Set(fmt::format("EINHORN_FD_{}", i), std::to_string(handover.listeners[i].fd));
    env.Set("EINHORN_FDS", JoinFds(handover, " "));
}

/** Server::Starter: "HOST:PORT=FD", "PORT=FD" for all addresses, "/path=FD"; UDP is not marked. */
void RenderServerStarter(const Handover &handover, spawn::Environment &env) {
    std::string ports;
    for (const Handed &handed : handover.listeners) {
        const net::Endpoint &at = handed.spec->at;
        const bool all = at.both_families || (handed.IsInet() && at.address.Host() == "0.0.0.0");
        fmt::format_to(std::back_inserter(ports), "{}{}={}", ports.empty() ? "" : ";",
                       all ? std::to_string(*at.address.Port()) : at.address.ToString(), handed.fd);
    }
    env.Set("SERVER_STARTER_PORT", ports);
    env.Set("SERVER_STARTER_GENERATION", std::to_string(handover.generation));
}

/** What nginx hands to its own successor: numbers, each followed by ';' (src/core/nginx.c). */
void RenderNginx(const Handover &handover, spawn::Environment &env) {
    if (!handover.listeners.empty())
        env.Set("NGINX", JoinFds(handover, ";") + ";");
}

/** The same for php-fpm: "ADDRESS=FD" with commas; IPv6 without brackets (sapi/fpm/fpm/fpm_sockets.c). */
void RenderPhpFpm(const Handover &handover, spawn::Environment &env) {
    std::string sockets;
    for (const Handed &handed : handover.listeners) {
        const net::Address &address = handed.spec->at.address;
        const auto port = address.Port();
        fmt::format_to(std::back_inserter(sockets), "{}{}{}={}", sockets.empty() ? "" : ",",
                       address.Host(), port ? fmt::format(":{}", *port) : "", handed.fd);
    }
    if (!sockets.empty())
        env.Set("FPM_SOCKETS", sockets);
}

/** What puma hands to its successor: "FD:URL" (lib/puma/launcher.rb, binder.rb). */
void RenderPuma(const Handover &handover, spawn::Environment &env) {
    for (std::size_t i = 0; i < handover.listeners.size(); i++) {
        const Handed &handed = handover.listeners[i];
        env.Set(fmt::format("PUMA_INHERIT_{}", i),
                fmt::format("{}:{}://{}", handed.fd, handed.IsInet() ? "tcp" : "unix",
                            handed.spec->at.address.ToString()));
    }
}

/** The same for gunicorn (gunicorn/arbiter.py): it looks at GUNICORN_FD where GUNICORN_PID is set. */
void RenderGunicorn(const Handover &handover, spawn::Environment &env) {
    if (handover.listeners.empty())
        return;
    env.Set("GUNICORN_FD", JoinFds(handover, ","));
    env.Set("GUNICORN_PID", std::to_string(handover.launcher));
}

} // namespace

constexpr std::array<Contract, 8> CONTRACTS = {{
    {"systemd",
     "LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES: descriptors from 3 on; NOTIFY_SOCKET (in auto)", true,
     0, false, RenderSystemd, true},
    {"port", "PORT, when exactly one TCP port was asked for (in auto)", true, 0, false, RenderPort},
    {"einhorn", "EINHORN_FD_COUNT, EINHORN_FD_0 ...; stops with USR2", false, SIGUSR2, false,
     RenderEinhorn},
    {"server-starter", "SERVER_STARTER_PORT, SERVER_STARTER_GENERATION", false, 0, false,
     RenderServerStarter},
    {"nginx", "NGINX: nginx takes its listeners over, by address", false, 0, true, RenderNginx},
    {"php-fpm", "FPM_SOCKETS: php-fpm takes its listeners over, by address", false, 0, false,
     RenderPhpFpm},
    {"puma", "PUMA_INHERIT_0 ...: puma takes its listeners over, by address", false, 0, false,
     RenderPuma},
    {"gunicorn", "GUNICORN_FD, GUNICORN_PID: gunicorn takes its listeners over", false, 0, false,
     RenderGunicorn},
}};

static_assert(util::NamesAreUnique(CONTRACTS));

ContractList ParseContracts(std::string_view text) {
    std::array<bool, CONTRACTS.size()> chosen = {};
    if (text != "none")
        for (const std::string_view word : util::Split(text, ',')) {
            const Contract *row = util::FindRow(CONTRACTS, word);
            if (row == nullptr && word != "auto")
                throw util::UserError(fmt::format("{} is no contract: auto, none, or some of {}",
                                                  util::Quote(word), util::JoinNames(CONTRACTS)));
            for (std::size_t i = 0; i < CONTRACTS.size(); i++)
                chosen[i] =
                    chosen[i] || (row == nullptr ? CONTRACTS[i].automatic : &CONTRACTS[i] == row);
        }
    if (text.empty())
        throw util::UserError(fmt::format("a contract is missing: auto, none, or some of {}",
                                          util::JoinNames(CONTRACTS)));
    ContractList list;
    for (std::size_t i = 0; i < CONTRACTS.size(); i++)
        if (chosen[i])
            list.push_back(&CONTRACTS[i]);
    return list;
}

void RenderAlways(const Handover &handover, spawn::Environment &env) {
    env.Set("CLUSTERIZE_SLOT", std::to_string(handover.slot));
    env.Set("CLUSTERIZE_WORKER_COUNT", std::to_string(handover.workers));
    env.Set("CLUSTERIZE_GENERATION", std::to_string(handover.generation));
    env.Set("CLUSTERIZE_PID", std::to_string(handover.launcher));
    // The marks by which a worker's descendants are recognized.
    env.SetFirst("CLUSTERIZE_WORKER_ID", std::to_string(handover.id));
    env.SetFirst("CLUSTERIZE_RUN", handover.run);
}

} // namespace contract
