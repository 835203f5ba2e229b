// Sockets that a service manager opens.

#include "Unit.hxx"
#include "process/Support.hxx"

using namespace systemd;
using process::Field;
using process::InNetworkOf;

TEST_CASE("a connection starts the cluster, which serves several sockets under their names") {
    SYSTEMD_MACHINE(machine);
    const auto socket = [&](const std::string &name, const std::string &text) {
        return std::make_unique<Unit>(machine, name, "[Socket]\n" + text);
    };
    const auto web = socket("web.socket", "ListenStream=127.0.0.1:8001\nFileDescriptorName=web\n"
                                          "Service=sockets.service\n");
    const auto dns = socket("dns.socket", "ListenDatagram=127.0.0.1:8002\nFileDescriptorName=dns\n"
                                          "Service=sockets.service\n");
    const auto admin = socket("admin.socket", "ListenStream=/run/admin.sock\n"
                                              "FileDescriptorName=admin\n"
                                              "Service=sockets.service\n");
    const Unit service(machine, "sockets.service",
                       ServiceText("Type=notify\nKillMode=mixed\nSuccessExitStatus=143\n"
                                   "Sockets=web.socket dns.socket admin.socket\n",
                                   "-n 2 -l systemd -- /opt/echo-server"));
    for (const Unit *unit : {web.get(), dns.get(), admin.get()})
        REQUIRE(unit->Do("start") == Exited(0));
    CHECK(service.Show("ActiveState") == "inactive");

    const std::string path = "unix:" + machine.Path("/run/admin.sock");
    const auto ask_all = [&] {
        InNetworkOf(machine.Init(), [] {
            CHECK(Field(Ask("127.0.0.1:8001", "who"), "listener") == "web");
            CHECK(Field(Ask("udp:127.0.0.1:8002", "who"), "listener") == "dns");
        });
        CHECK(Field(Ask(path, "who"), "listener") == "admin");
    };
    ask_all();
    service.WaitShow("ActiveState", "active");
    CHECK(service.Show("StatusText") == "2/2 workers ready");

    // The sockets are the service manager's: they outlive the cluster, and start it again.
    CHECK(service.Do("stop") == Exited(0));
    CHECK(service.Show("ActiveState") == "inactive");
    CHECK(access(machine.Path("/run/admin.sock").c_str(), F_OK) == 0);
    ask_all();
    service.WaitShow("ActiveState", "active");
    for (const Unit *unit : {web.get(), dns.get(), admin.get()})
        CHECK(unit->Do("stop") == Exited(0));
}

TEST_CASE("without -l and -p the sockets of a service manager are served all the same") {
    SYSTEMD_MACHINE(machine);
    const Unit socket(machine, "plain.socket", "[Socket]\nListenStream=127.0.0.1:8003\n");
    const Unit service(machine, "plain.service",
                       ServiceText("Type=notify\n", "-n 2 -- /opt/echo-server"));
    REQUIRE(socket.Do("start") == Exited(0));
    InNetworkOf(machine.Init(), [] {
        CHECK(Field(Ask("127.0.0.1:8003", "who"), "listener") == "plain.socket");
        CHECK(Ask("127.0.0.1:8003", "env LISTEN_FDS") == "1");
    });
    CHECK(socket.Do("stop") == Exited(0));
}
