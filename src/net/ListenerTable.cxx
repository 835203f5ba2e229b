#include "net/ListenerTable.hxx"
#include "net/OpenSocket.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <fmt/format.h>

#include <algorithm>

namespace net {

Listener *ListenerTable::Find(const Endpoint &endpoint) noexcept {
    const auto found =
        std::find_if(listeners.begin(), listeners.end(), [&endpoint](const Listener &listener) {
            return listener.spec.at == endpoint;
        });
    return found != listeners.end() ? &*found : nullptr;
}

Listener &ListenerTable::Open(const ListenSpec &spec) {
    if (spec.source == ListenSpec::Source::OPENED && spec.at.address.Port().value_or(1) != 0 &&
        Find(spec.at) != nullptr)
        throw util::UserError(fmt::format("{} is asked for twice", util::Quote(spec.text)));
    Listener listener;
    listener.spec = spec;
    listener.shared = slots == 1 || !policy.WantsSlotSockets() ||
                      spec.source == ListenSpec::Source::INHERITED ||
                      spec.at.address.Family() == AF_UNIX;
    listener.active.assign(slots, true);
    listener.steering = policy.Steer(spec.at.type, !listener.shared);
    if (listener.shared)
        OpenShared(listener);
    else
        OpenGroup(listener, slots);
    if (listener.spec.name.empty())
        listener.spec.name = DefaultName(listener.spec.at);
    listeners.push_back(std::move(listener));
    return listeners.back();
}

void ListenerTable::OpenShared(Listener &listener) {
    ListenSpec &spec = listener.spec;
    sys::UniqueFd socket;
    if (spec.source == ListenSpec::Source::INHERITED) {
        socket = TakeInherited(spec);
    } else {
        const bool is_unix = spec.at.address.Family() == AF_UNIX;
        socket = is_unix ? BindUnix(spec) : BindInet(spec, Place::ALONE);
        if (is_unix && !spec.at.address.Host().starts_with('@'))
            listener.file = UnixFile(spec.at.address.Host());
        if (spec.at.type == SOCK_STREAM)
            Listen(socket, spec);
    }
    listener.sockets.emplace_back(std::move(socket), 0);
    listener.steering->Joined(listener.sockets.back());
}

void ListenerTable::OpenGroup(Listener &listener, unsigned slots) {
    ListenSpec &spec = listener.spec;
    for (unsigned slot = 0; slot < slots; slot++)
        listener.sockets.emplace_back(BindInet(spec, slot == 0 ? Place::FIRST : Place::JOINS),
                                      slot);
    // TCP sockets join the group here, in the order of their slots.
    std::vector<const SlotSocket *> all;
    for (const SlotSocket &socket : listener.sockets) {
        if (spec.at.type == SOCK_STREAM)
            Listen(socket.Socket(), spec);
        listener.steering->Joined(socket);
        all.push_back(&socket);
    }
    listener.steering->SetActive(all);
}

std::vector<Exported> ListenerTable::Exports(unsigned slot) const {
    std::vector<Exported> exports;
    for (const Listener &listener : listeners)
        exports.push_back({&listener, listener.sockets[listener.shared ? 0 : slot].Socket()});
    return exports;
}

void ListenerTable::SetActive(unsigned slot, bool is_active) noexcept {
    if (let_go)
        return;
    for (Listener &listener : listeners) {
        if (listener.shared)
            continue;
        if (is_active && listener.presumed) {
            listener.presumed = false;
            listener.active.assign(slots, false);
        }
        if (listener.active[slot] == is_active)
            continue;
        listener.active[slot] = is_active;
        std::vector<const SlotSocket *> set;
        for (const SlotSocket &socket : listener.sockets)
            if (listener.active[socket.Slot()])
                set.push_back(&socket);
        if (!set.empty())
            listener.steering->SetActive(set);
    }
}

void ListenerTable::LetGo() noexcept {
    for (Listener &listener : listeners) {
        for (SlotSocket &socket : listener.sockets)
            socket.Close();
        listener.file.Remove();
    }
    let_go = true;
}

} // namespace net
