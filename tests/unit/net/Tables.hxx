#pragma once

#include "net/ListenerTable.hxx"

#include <algorithm>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

/** What the tests of ListenerTable share: a steering that writes down what it is told, specs, a
 *  client. */
namespace unit {

using namespace net;

/** Writes down what it is told: "+k" joined, "-k" left, "{…}" the active set. */
class Recorder final : public Steering {
public:
    explicit Recorder(std::string &_log) : log(_log) {}

    void Joined(const Seat &socket) override {
        int value = 0;
        socklen_t length = sizeof(value);
        getsockopt(socket.socket.Get(), SOL_SOCKET, SO_ACCEPTCONN, &value, &length);
        members.push_back(socket.index);
        log += "+" + std::to_string(socket.index) + (value != 0 ? "L" : "");
    }
    void Left(const Seat &socket) noexcept override {
        const auto place = std::find(members.begin(), members.end(), socket.index);
        if (place != members.end()) {
            *place = members.back();
            members.pop_back();
        }
        log += "-" + std::to_string(socket.index);
    }
    void SetActive(std::span<const Seat *const> active) noexcept override {
        log += "{";
        for (const Seat *socket : active)
            log += std::to_string(socket->index);
        log += "}";
    }
    Description Describe() const override { return {members, {}}; }
    TierReport Tier() const override { return {"recorder", ""}; }

private:
    std::string &log;
    std::vector<unsigned> members;
};

class Policy final : public SteeringPolicy {
public:
    explicit Policy(bool _slot_sockets) : slot_sockets(_slot_sockets) {}

    bool WantsGroup() const noexcept override { return slot_sockets; }
    std::unique_ptr<Steering> Steer(const ListenSpec &spec, bool group) const override {
        log += (spec.at.type == SOCK_DGRAM ? "udp" : "tcp") + std::string(group ? "*" : "1");
        return std::make_unique<Recorder>(log);
    }

    std::string Take() const { return std::exchange(log, {}); }

private:
    const bool slot_sockets;
    mutable std::string log;
};

inline ListenSpec Tcp(const char *host = "127.0.0.1", unsigned port = 0) {
    ListenSpec spec;
    spec.name = "web";
    spec.text = std::string(host) + ":" + std::to_string(port);
    spec.at.address = Address::FromLiteral(host, port).value();
    spec.backlog = 16;
    return spec;
}

inline ListenSpec UnixPath(const std::string &path, bool abstract = false) {
    ListenSpec spec;
    spec.text = "unix:" + path;
    spec.at.address = Address::Unix(path, abstract);
    spec.backlog = 16;
    return spec;
}

inline sys::UniqueFd Dial(const Address &address) {
    sys::UniqueFd fd(sys::AdoptTag(), socket(address.Family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.Get(), address.Get(), address.Length()) != 0)
        fd.Close();
    return fd;
}

template <typename Call> std::string Message(Call call) {
    try {
        call();
    } catch (const util::UserError &error) {
        return error.what();
    }
    return "taken";
}

} // namespace unit
