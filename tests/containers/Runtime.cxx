#include "containers/Runtime.hxx"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace containers {

namespace fs = std::filesystem;

namespace {

/** The programs of busybox that the tests use. */
constexpr const char *APPLETS[] = {"cat", "dd", "false", "httpd", "id",    "ls",  "ps",
                                   "sh",  "rm", "sleep", "true",  "touch", "tty", "wget"};

/** A package with a daemon for every user may put these elsewhere than a user's PATH. */
std::string Find(const std::string &name) {
    for (const char *folder : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"}) {
        if (access((folder + name).c_str(), X_OK) == 0)
            return folder + name;
    }
    return {};
}

std::string Variable(const char *name) {
    const char *value = std::getenv(name);
    if (value == nullptr || *value == '\0')
        throw std::runtime_error(std::string(name) + " is not set");
    return value;
}

/** Copies a program and the libraries that the dynamic linker finds for it. */
void Install(const std::string &program, const std::string &root) {
    CopyFile(program, root + "/bin/" + fs::path(program).filename().string());
    const auto list = harness::Run({.argv = {"/usr/bin/ldd", program}}).out;
    for (size_t slash = list.find('/'); slash != std::string::npos;) {
        const size_t end = list.find_first_of(" \n\t", slash);
        const std::string library = list.substr(slash, end - slash);
        if (library != program + ":" && !fs::exists(root + library)) {
            fs::create_directories(fs::path(root + library).parent_path());
            fs::copy_file(library, root + library);
        }
        slash = list.find('/', end);
    }
}

/** The end of the line is not part of the answer. */
std::string WithoutEnd(std::string text) {
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

} // namespace

Runtime &Runtime::Instance() {
    static Runtime runtime;
    return runtime;
}

Runtime::Runtime() {
    cgroup = fs::path(directory.Path()).filename();
    if (!IsRoot())
        reason = "containers need root here";
    for (const char *name : {"podman", "runc", "busybox"}) {
        if (reason.empty() && Find(name).empty())
            reason = std::string(name) + " is not installed";
    }
    if (!reason.empty())
        return;
    WriteSettings();
    const auto trial = Run({"--rm"}, TOOLS, {"true"});
    if (trial.ended != Exited(0))
        reason = "podman and runc cannot start a container: " + WithoutEnd(trial.err);
}

Runtime::~Runtime() {
    try {
        if (fs::exists(directory / "root"))
            (void)harness::Run(Podman({"rm", "--all", "--force", "--time", "0"}));
    } catch (...) { // what is left is a directory of a container that has ended
    }
    RemoveCgroups();
    (void)umount2((directory / "root/overlay").c_str(), MNT_DETACH);
}

/** Locks and events of the runtime stay below the directory, too. */
void Runtime::WriteSettings() const {
    (void)directory.Write("containers.conf", "[engine]\n"
                                             "cgroup_manager = \"cgroupfs\"\n"
                                             "events_logger = \"none\"\n"
                                             "lock_type = \"file\"\n"
                                             "runtime = \"runc\"\n"
                                             "[containers]\n"
                                             "log_driver = \"k8s-file\"\n");
}

/** Makes an image of the directory with its name. */
void Runtime::Import(const std::string &image, const std::vector<std::string> &changes) const {
    const std::string root = directory / image, archive = root + ".tar";
    if (const auto tar = harness::Run({.argv = {"/usr/bin/tar", "-C", root, "-cf", archive, "."}});
        tar.ended != Exited(0))
        throw std::runtime_error("tar: " + tar.err);
    std::vector<std::string> words{"import", "--quiet"};
    for (const auto &change : changes)
        words.insert(words.end(), {"--change", change});
    words.insert(words.end(), {archive, image});
    (void)Ask(std::move(words));
    fs::remove(archive);
    fs::remove_all(root);
}

void Runtime::MakeTools() const {
    const std::string root = directory / TOOLS;
    for (const char *folder : {"/bin", "/etc", "/tmp"})
        fs::create_directories(root + folder);
    fs::permissions(root + "/tmp", fs::perms::all | fs::perms::sticky_bit);
    (void)directory.Write("tools/etc/passwd", "root:x:0:0:root:/:/bin/sh\n"
                                              "app:x:1000:1000:app:/tmp:/bin/sh\n");
    (void)directory.Write("tools/etc/group", "root:x:0:\napp:x:1000:\n");
    CopyFile(Variable("CLUSTERIZE_STATIC"), root + "/bin/clusterize");
    Install(Find("busybox"), root);
    for (const char *applet : APPLETS)
        fs::create_symlink("busybox", root + "/bin/" + applet);
    for (const char *name : {"behave", "binder", "echo-server"})
        Install(Variable("TEST_BUILD_ROOT") + "/tests/process/programs/" + name, root);
    Import(TOOLS, {});
}

void Runtime::MakeEntry() const {
    const std::string begin = "```dockerfile\n", context = directory / ENTRY;
    const auto text = ReadFile(Variable("TEST_SOURCE_ROOT") + "/README.md");
    const auto start = text.find(begin);
    if (start == std::string::npos)
        throw std::runtime_error("the README has no Dockerfile");
    const auto from = start + begin.size();
    fs::create_directories(context);
    CopyFile(Variable("CLUSTERIZE_STATIC"), context + "/clusterize");
    (void)directory.Write("entry/Dockerfile", std::string("FROM localhost/") + TOOLS + "\n" +
                                                  text.substr(from, text.find("```", from) - from));
    (void)Ask({"build", "--quiet", "--pull=never", "--network", "none", "--tag", ENTRY, context});
    fs::remove_all(context);
}

void Runtime::MakeScratch() const {
    const std::string root = directory / SCRATCH;
    fs::create_directories(root);
    CopyFile(Variable("CLUSTERIZE_STATIC"), root + "/clusterize");
    CopyFile(Variable("SERVER_STATIC"), root + "/server");
    Import(SCRATCH, {R"(ENTRYPOINT ["/clusterize", "--"])"});
}

void Runtime::Provide(const std::string &image) {
    if (images.contains(image))
        return;
    if (image == ENTRY) {
        Provide(TOOLS);
        MakeEntry();
    } else if (image == SCRATCH) {
        MakeScratch();
    } else {
        MakeTools();
    }
    images.insert(image);
}

/** The runtime leaves the parent of the groups of its containers behind, in each hierarchy. */
void Runtime::RemoveCgroups() const noexcept {
    std::error_code ignored;
    const fs::path top = "/sys/fs/cgroup";
    std::vector<fs::path> hierarchies{top};
    for (fs::directory_iterator it(top, ignored), end; !ignored && it != end; it.increment(ignored))
        hierarchies.push_back(it->path());
    for (const auto &hierarchy : hierarchies) {
        (void)rmdir((hierarchy / cgroup / "conmon").c_str());
        (void)rmdir((hierarchy / cgroup).c_str());
    }
}

Start Runtime::Podman(std::vector<std::string> words) const {
    std::vector<std::string> argv{Find("podman"),    "--root",   directory / "root",  "--runroot",
                                  directory / "run", "--tmpdir", directory / "podman"};
    argv.insert(argv.end(), words.begin(), words.end());
    // When memory is out, the runtime leaves a file in its directory.
    return {.argv = std::move(argv),
            .env = {{"CONTAINERS_CONF", directory / "containers.conf"}},
            .cwd = directory.Path(),
            .leaves_others = true};
}

std::vector<std::string> Runtime::RunOptions() const {
    return {"--network",        "none",      "--ulimit",
            "nofile=1024:1024", "--ulimit",  "nproc=1000:1000",
            "--cgroup-parent",  "/" + cgroup};
}

Start Runtime::Attached(std::vector<std::string> options, const std::string &image,
                        const std::vector<std::string> &command) {
    Provide(image);
    auto words = RunOptions();
    words.insert(words.begin(), "run");
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(image);
    words.insert(words.end(), command.begin(), command.end());
    return Podman(std::move(words));
}

Result Runtime::Run(std::vector<std::string> options, const std::string &image,
                    const std::vector<std::string> &command) {
    return harness::Run(Attached(std::move(options), image, command));
}

std::string Runtime::Ask(std::vector<std::string> words) const {
    const std::string name = words.front();
    const auto result = harness::Run(Podman(std::move(words)));
    if (result.ended != Exited(0))
        throw std::runtime_error("podman " + name + ": " + result.err);
    return WithoutEnd(result.out);
}

} // namespace containers
