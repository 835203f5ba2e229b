#include "pool/ListenerInfos.hxx"

#include <utility>

namespace pool {

namespace {

/** Node's word for the kind of address: 4, 6, "udp4", "udp6", -1 for unix sockets. */
report::AddressType AddressTypeOf(const net::Endpoint &at) noexcept {
    if (!at.address.Port())
        return -1;
    const bool v6 = at.address.Family() == AF_INET6;
    if (at.type == SOCK_DGRAM)
        return std::string_view(v6 ? "udp6" : "udp4");
    return v6 ? 6 : 4;
}

} // namespace

std::vector<report::ListenerInfo> DescribeListeners(const net::ListenerTable &table) {
    std::vector<report::ListenerInfo> infos;
    for (const net::Listener &listener : table.Listeners()) {
        if (listener.IsWithdrawn())
            continue;
        const net::ListenSpec &listen = listener.Spec();
        const auto port = listen.at.address.Port();
        const std::string_view type = !port ? "unix" : listen.at.type == SOCK_DGRAM ? "udp" : "tcp";
        // A path that a worker bound may be written relatively.
        const bool is_path =
            listen.origin == net::ListenSpec::Origin::ADOPTED && !listener.Sockets().Path().empty();
        infos.push_back({listen.name,
                         is_path ? listener.Sockets().Path() : listen.at.address.Host(), port,
                         type});
    }
    return infos;
}

std::vector<report::SocketInfo> DescribeSockets(const net::ListenerTable &table, unsigned seat) {
    std::vector<report::SocketInfo> infos;
    for (const net::Listener &listener : table.Listeners()) {
        if (listener.IsShared())
            continue;
        const net::SeatFigures figures = net::FiguresOf(listener, seat);
        report::SocketInfo info{listener.Spec().name, figures.given, {}, {}};
        if (figures.queue) {
            info.queue = figures.queue->length;
            info.limit = figures.queue->limit;
        }
        if (info.given || info.queue)
            infos.push_back(std::move(info));
    }
    return infos;
}

report::Listening DescribeListening(const report::WorkerInfo &worker, const net::Endpoint &at,
                                    bool adopted) {
    const auto port = at.address.Port();
    return {{worker},
            at.address.Host(),
            port ? static_cast<int>(*port) : -1,
            AddressTypeOf(at),
            adopted};
}

} // namespace pool
