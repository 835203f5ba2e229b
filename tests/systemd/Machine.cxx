#include "Machine.hxx"

#include "harness/Errno.hxx"
#include "process/Support.hxx"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace systemd {

namespace {

constexpr const char *NSPAWN = "/usr/bin/systemd-nspawn", *SYSTEMD = "/usr/lib/systemd/systemd",
                     *NSENTER = "/usr/bin/nsenter";
constexpr const char *TARGET = "clusterize-test.target";

Hierarchy Wanted() {
    const char *name = std::getenv("TEST_HIERARCHY");
    return name != nullptr && std::string(name) == "v1" ? Hierarchy::V1 : Hierarchy::V2;
}

std::string FindLack(Hierarchy hierarchy) {
    if (!IsRoot())
        return "systemd-nspawn needs root";
    for (const char *program : {NSPAWN, SYSTEMD, NSENTER})
        if (access(program, X_OK) != 0)
            return "there is no " + std::string(program);
    if (!ControlGroups::Has(hierarchy))
        return std::string("no control groups of version ") +
               (hierarchy == Hierarchy::V1 ? "1" : "2");
    return "";
}

std::string Trimmed(std::string text) {
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text;
}

} // namespace

Machine &Machine::Get() {
    static Machine machine;
    if (!machine.failure.empty())
        throw std::runtime_error(machine.failure);
    return machine;
}

Machine::Machine() : hierarchy(Wanted()), lacks(FindLack(hierarchy)) {
    if (!lacks.empty())
        return;
    try {
        groups.emplace();
    } catch (const std::system_error &error) {
        lacks = error.what();
        return;
    }
    MakeRoot();
    Boot();
}

Machine::~Machine() {
    if (!nspawn)
        return;
    // SIGRTMIN+4 tells systemd(1) to power off.
    if (init != 0 && kill(init, SIGRTMIN + 4) == 0)
        (void)WaitFor([this] { return nspawn->HasEnded(); }, std::chrono::seconds(20));
    nspawn->KillAll();
}

/** All but /usr, which is this machine's own. */
void Machine::MakeRoot() const {
    for (const char *name : {"usr", "etc", "etc/systemd", "etc/systemd/system", "var", "var/tmp",
                             "tmp", "run", "proc", "sys", "dev", "root", "opt"})
        Check(mkdir((root / name).c_str(), 0755), name);
    for (const char *name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"})
        if (access((std::string("/usr/") + name).c_str(), F_OK) == 0)
            Check(symlink((std::string("usr/") + name).c_str(), (root / name).c_str()), name);
    // nspawn looks at the version, before /usr is there: older ones did not know both hierarchies.
    for (const char *name : {"usr/lib", "usr/lib/systemd"})
        Check(mkdir((root / name).c_str(), 0755), name);
    root.Write("usr/lib/systemd/libsystemd-shared-252.so", "");
    // A name, so that nothing here is a first boot, at which systemd enables all that it finds.
    root.Write("etc/machine-id", "c1057e212ec1057e212ec1057e212e00\n");
    root.Write("etc/os-release", "ID=clusterize-test\n");
    root.Write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
    root.Write("etc/group", "root:x:0:\nnogroup:x:65534:\n");
    root.Write(std::string("etc/systemd/system/") + TARGET,
               "[Unit]\nRequires=systemd-journald.service\nAfter=systemd-journald.service\n");
    CopyFile(ClusterizePath(), root / "opt/clusterize");
    for (const char *name : {"behave", "binder", "echo-server", "notify"})
        CopyFile(process::Program(name), root / (std::string("opt/") + name));
    for (const char *name : {"clusterize", "behave", "binder", "echo-server", "notify"})
        Check(chmod((root / (std::string("opt/") + name)).c_str(), 0755), name);
}

void Machine::Boot() {
    Start start;
    start.argv = {NSPAWN,
                  "--quiet",
                  "--directory=" + root.Path(),
                  "--bind-ro=/usr",
                  "--machine=clusterize-test-" + std::to_string(getpid()),
                  "--register=no",
                  "--keep-unit",
                  "--private-network",
                  "--console=pipe",
                  "--link-journal=no",
                  "--resolv-conf=off",
                  "--timezone=off",
                  "--boot",
                  "--",
                  "--unit=" + std::string(TARGET),
                  "--show-status=no"};
    if (hierarchy == Hierarchy::V2)
        start.env = {{"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1"}};
    // If this test is killed, nspawn is, and with the first process of a namespace all others are.
    start.pid_namespace = true;
    start.prepare = [this] {
        groups->Enter();
        Check(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
    };
    try {
        nspawn = std::make_unique<Process>(std::move(start));
    } catch (const std::exception &error) {
        lacks = std::string("no machine can be started here: ") + error.what();
        return;
    }
    const bool up = WaitFor([this] {
        if (nspawn->HasEnded())
            return true;
        init = PidHere(nspawn->Pid(), 1);
        return init != 0 && init != nspawn->Pid() &&
               Run({"systemctl", "--quiet", "is-active", TARGET}).ended == Exited(0);
    });
    if (nspawn->HasEnded())
        lacks = "systemd-nspawn boots nothing here: " + Trimmed(nspawn->Err() + nspawn->Out());
    else if (!up)
        failure = "the machine did not come up in time\n" + nspawn->Describe();
}

std::string Machine::Path(const std::string &inside) const {
    return "/proc/" + std::to_string(init) + "/root" + inside;
}

void Machine::Write(const std::string &inside, const std::string &text) const {
    const Fd fd(open(Path(inside).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    Check(fd.Get(), inside.c_str());
    Check(write(fd.Get(), text.data(), text.size()), inside.c_str());
}

Result Machine::Run(std::vector<std::string> argv) const {
    Start start;
    start.argv = {NSENTER, "--target=" + std::to_string(init), "-m", "-u", "-i", "-n", "-p", "-C",
                  "--"};
    start.argv.insert(start.argv.end(), argv.begin(), argv.end());
    return harness::Run(std::move(start));
}

std::string Machine::Say(std::vector<std::string> argv) const {
    const std::string program = argv.front() + " " + argv.back();
    const Result result = Run(std::move(argv));
    if (result.ended != Exited(0))
        throw std::runtime_error(program + ": " + result.out + result.err);
    return Trimmed(result.out);
}

} // namespace systemd
