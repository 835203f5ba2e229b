// Units with less than root has.

#include "Unit.hxx"
#include "process/Support.hxx"

#include <set>

using namespace systemd;
using process::Contains;
using process::Field;
using process::InNetworkOf;

namespace {

/** Both slots answer there. */
void CheckBothServe(const Machine &machine, const std::string &address) {
    INFO(address);
    InNetworkOf(machine.Init(), [&] {
        std::set<std::string> slots;
        const bool both = WaitFor([&] {
            slots.insert(Field(Ask(address, "who"), "slot"));
            return slots.size() == 2;
        });
        CHECK(both);
    });
}

void TrySandbox(Machine &machine, const std::string &name, const std::string &settings) {
    INFO(settings);
    {
        const Unit asked(
            machine, name + "-asked.service",
            ServiceText("Type=notify\nKillMode=mixed\nSuccessExitStatus=143\n" + settings,
                        "-n 2 -p 127.0.0.1:8010 -- /opt/echo-server"));
        const bool started = asked.Do("start") == Exited(0);
        const std::string described = asked.Describe();
        INFO(described);
        REQUIRE(started);
        CheckBothServe(machine, "127.0.0.1:8010");
        CHECK(asked.Do("stop") == Exited(0));
        CHECK(asked.Show("ActiveState") == "inactive");
        CHECK(asked.Show("Result") == "success");
    }
    const Unit adopted(
        machine, name + "-adopted.service",
        ServiceText("Type=notify\nKillMode=mixed\nSuccessExitStatus=143\n" + settings,
                    "-n 2 --ready listen -- /opt/binder tcp:127.0.0.1:8011"));
    const bool started = adopted.Do("start") == Exited(0);
    const std::string described = adopted.Describe();
    INFO(described);
    REQUIRE(started);
    CheckBothServe(machine, "127.0.0.1:8011");
    CHECK(adopted.CountJournal("NOTIFY_SOCKET") == 0);
    CHECK(adopted.Do("stop") == Exited(0));
    CHECK(adopted.Show("ActiveState") == "inactive");
}

} // namespace

TEST_CASE("DynamicUser=") {
    SYSTEMD_MACHINE(machine);
    TrySandbox(machine, "dynamic", "DynamicUser=yes\n");
}

TEST_CASE("NoNewPrivileges=, as root and as a user") {
    SYSTEMD_MACHINE(machine);
    TrySandbox(machine, "no-new-root", "NoNewPrivileges=yes\n");
    TrySandbox(machine, "no-new-user", "NoNewPrivileges=yes\nUser=nobody\n");
}

TEST_CASE("PrivateUsers=, as root and as a user") {
    SYSTEMD_MACHINE(machine);
    TrySandbox(machine, "users-root", "PrivateUsers=yes\n");
    TrySandbox(machine, "users-user", "PrivateUsers=yes\nUser=nobody\n");
}

namespace {

constexpr const char *HARDENED =
    "DynamicUser=yes\nPrivateUsers=yes\nProtectSystem=strict\nProtectHome=yes\n"
    "ProtectProc=invisible\nProcSubset=pid\nPrivateTmp=yes\nPrivateDevices=yes\n"
    "ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectControlGroups=yes\n"
    "RestrictNamespaces=yes\nRestrictRealtime=yes\nRestrictSUIDSGID=yes\n"
    "LockPersonality=yes\nMemoryDenyWriteExecute=yes\nCapabilityBoundingSet=\n"
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"
    "SystemCallErrorNumber=EPERM\nUMask=0077\n";

} // namespace

TEST_CASE("what systemd-analyze security recommends") {
    SYSTEMD_MACHINE(machine);
    TrySandbox(machine, "hardened",
               HARDENED + std::string("SystemCallFilter=@system-service seccomp\n"));
}

TEST_CASE("SystemCallFilter=@system-service: no adoption, as the log says; a contract works") {
    SYSTEMD_MACHINE(machine);
    const std::string service = std::string("Type=notify\nKillMode=mixed\n") + HARDENED +
                                "SystemCallFilter=@system-service\n";
    const Unit asked(machine, "filter-asked.service",
                     ServiceText(service, "-n 2 -p 127.0.0.1:8012 -- /opt/echo-server"));
    REQUIRE(asked.Do("start") == Exited(0));
    CheckBothServe(machine, "127.0.0.1:8012");
    const Unit adopted(machine, "filter-adopted.service",
                       ServiceText(service, "-n 2 --ready exec -- /opt/binder tcp:127.0.0.1:8013"));
    REQUIRE(adopted.Do("start") == Exited(0));
    (void)adopted.WaitJournal("adoption: off: seccomp is refused here: Operation not permitted");
}
